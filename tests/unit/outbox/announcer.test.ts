import { describe, expect, test } from "bun:test";
import { conversationId, originId, tenantId } from "../../../src/core/ids.ts";
import { type AnnouncerParts, createAnnouncer } from "../../../src/outbox/announcer.ts";
import type { Announcement } from "../../../src/outbox/limiter.ts";
import { eventually } from "../../support/eventually.ts";

const announcement = (n: number): Announcement => ({
  tenant: tenantId(1),
  origin: originId(1),
  conversation: conversationId(`conversation-${n}`),
  count: 1,
  waitMs: 0,
  scopes: [],
});

type Changes = Partial<AnnouncerParts["limiter"] & Pick<AnnouncerParts, "ready">>;

function parts({ announce, ready = () => true }: Changes = {}) {
  const told: Announcement[] = [];
  const posted: true[] = [];
  const keep = async (announcements: readonly Announcement[]) => {
    told.push(...announcements);
    return announcements.length;
  };
  const all: AnnouncerParts = {
    limiter: { announce: announce ?? keep },
    tickets: { post: () => void posted.push(true) },
    ready,
  };
  return { told, posted, announce: createAnnouncer(all) };
}

describe("the announcer", () => {
  test("tells every conversation in order and wakes the senders", async () => {
    const { told, posted, announce } = parts();
    announce([announcement(1), announcement(2)]);
    announce([announcement(3)]);
    await eventually("three announcements", () => told.length === 3);
    expect(told).toEqual([1, 2, 3].map(announcement));
    await eventually("a wake-up", () => posted.length > 0);
  });

  test("wakes nobody when no conversation became ready", async () => {
    const rounds: number[] = [];
    const { posted, announce } = parts({
      announce: async (announcements) => {
        rounds.push(announcements.length);
        return 0;
      },
    });
    announce([announcement(1)]);
    await eventually("the round", () => rounds.length === 1);
    announce([announcement(2)]);
    await eventually("another round", () => rounds.length === 2);
    expect(posted).toEqual([]);
  });

  test("drops what it has while Redis is away, and goes on when it is back", async () => {
    let away = true;
    const { told, announce } = parts({ ready: () => !away });
    announce([announcement(1)]);
    away = false;
    announce([announcement(2)]);
    await eventually("the second one", () => told.length === 1);
    expect(told).toEqual([announcement(2)]);
  });

  test("does not fail its caller, nor later announcements, when Redis fails", async () => {
    let calls = 0;
    const { posted, announce } = parts({
      announce: async (announcements) => {
        calls += 1;
        if (calls === 1) throw new Error("Redis is away");
        return announcements.length;
      },
    });
    announce([announcement(1)]);
    await eventually("the failed call", () => calls === 1);
    announce([announcement(2)]);
    await eventually("a wake-up", () => posted.length === 1);
  });

  test("holds a bounded number of announcements while Redis is slow", async () => {
    const slow = Promise.withResolvers<number>();
    const seen: number[] = [];
    const { announce } = parts({
      announce: (announcements) => {
        seen.push(announcements.length);
        return slow.promise;
      },
    });
    for (let n = 0; n < 20_000; n += 1) announce([announcement(n)]);
    slow.resolve(0);
    const total = () => seen.reduce((sum, count) => sum + count, 0);
    await eventually("all that was held", () => total() >= 10_000);
    expect(total()).toBe(10_000);
  });
});
