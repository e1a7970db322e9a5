import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { LaneName } from "../../src/lane/lanes.ts";
import type { Finished } from "../../src/outbox/store.ts";
import { createCounter } from "../support/simulation/counter.ts";
import { commitAll, endOf, markOne, reply, type StoresHarness } from "./stores-harness.ts";

/** What every implementation of the port `OutboxStore` must do. */
export function outboxStoreConformance(name: string, open: () => Promise<StoresHarness>): void {
  describe(`outbox store ${name}`, () => {
    let harness: StoresHarness;
    const nextClient = createCounter();
    beforeAll(async () => {
      harness = await open();
    });
    afterAll(() => harness.close());

    const withReplies = async (...texts: readonly string[]): Promise<LaneName> => {
      const lane = harness.lane(`client ${nextClient()}`);
      const { origin } = harness;
      await commitAll(harness.store, [
        { lane, origin, version: 0, effects: texts.map((text) => reply(text)) },
      ]);
      return lane;
    };
    const mark = (lane: LaneName, token: string) => markOne(harness.outbox, lane, token);
    const finish = (lane: LaneName, changes: Partial<Finished> & Pick<Finished, "k">) =>
      harness.outbox.exchange([endOf(lane, harness.origin, changes)], []);
    const first = { q: "1000", a: 1 } as const;

    test("only the first open delivery of a conversation is marked, and nobody else gets it", async () => {
      const lane = await withReplies("one", "two");
      const marked = await mark(lane, "k1");
      expect(marked).toMatchObject({ verdict: "marked", seq: "1000", attempt: 1, failures: 0 });
      expect(await mark(lane, "k2")).toMatchObject({ verdict: "busy" });
    });

    test("after the end of the first the second is marked, and then there is nothing", async () => {
      const lane = await withReplies("one", "two");
      await mark(lane, "k1");
      await finish(lane, { ...first, k: "k1", mi: "m1" });
      expect(await mark(lane, "k2")).toMatchObject({ verdict: "marked", seq: "1001" });
      await finish(lane, { k: "k2", q: "1001", a: 1 });
      expect(await mark(lane, "k3")).toMatchObject({ verdict: "empty" });
    });

    test("an end and the next mark go together", async () => {
      const lane = await withReplies("one", "two");
      await mark(lane, "k1");
      const { tenant: t, conversation: c } = lane;
      const [answer] = await harness.outbox.exchange(
        [endOf(lane, harness.origin, { ...first, k: "k1" })],
        [{ i: 5, t, c, k: "k2", sc: [] }],
      );
      expect(answer).toMatchObject({ i: 5, verdict: "marked", seq: "1001" });
    });

    test("a failed delivery waits, keeps its place, and is counted", async () => {
      const lane = await withReplies("one", "two");
      await mark(lane, "k1");
      await finish(lane, { ...first, k: "k1", oc: "failed", fi: false, w: 60_000, fl: 1 });
      expect(await mark(lane, "k2")).toMatchObject({ verdict: "waiting" });
      await harness.hasten();
      const again = await mark(lane, "k3");
      expect(again).toMatchObject({ verdict: "marked", seq: "1000", attempt: 2, failures: 1 });
    });

    test("an expired grant costs no attempt", async () => {
      const lane = await withReplies("one");
      await mark(lane, "k1");
      await finish(lane, { ...first, k: "k1", oc: null, fi: false, un: true });
      await harness.hasten();
      expect(await mark(lane, "k2")).toMatchObject({ verdict: "marked", attempt: 1 });
      expect(await harness.attempts(lane)).toEqual([]);
    });

    test("a mark whose answer was lost is taken back by its token, and only by that", async () => {
      const lane = await withReplies("one");
      await mark(lane, "k1");
      await finish(lane, { k: "another", oc: null, fi: false, un: true });
      expect(await mark(lane, "k2")).toMatchObject({ verdict: "busy" });
      await finish(lane, { k: "k1", oc: null, fi: false, un: true });
      await harness.hasten();
      expect(await mark(lane, "k3")).toMatchObject({ verdict: "marked", attempt: 1 });
    });

    test("an end with another's token or attempt changes nothing", async () => {
      const lane = await withReplies("one");
      await mark(lane, "k1");
      await finish(lane, { ...first, k: "another" });
      await finish(lane, { ...first, k: "k1", a: 2 });
      expect(await mark(lane, "k2")).toMatchObject({ verdict: "busy" });
      expect(await harness.attempts(lane)).toEqual([]);
    });

    test("an answer that comes after its attempt was declared unknown settles it and stops the second copy", async () => {
      const lane = await withReplies("one");
      await mark(lane, "k1");
      await finish(lane, { ...first, k: "k1", oc: "unknown", fi: false, w: 60_000, fl: 1 });
      await finish(lane, { ...first, k: "k1", mi: "m1" });
      expect(await mark(lane, "k2")).toMatchObject({ verdict: "empty" });
      const settled = { seq: "1000", n: 1, outcome: "sent", settledBy: "late_answer" };
      expect(await harness.attempts(lane)).toEqual([settled]);
    });

    test("an answer that comes too late for that settles it, and the second copy takes its course", async () => {
      const lane = await withReplies("one");
      await mark(lane, "k1");
      await finish(lane, { ...first, k: "k1", oc: "unknown", fi: false });
      await harness.hasten();
      expect(await mark(lane, "k2")).toMatchObject({ verdict: "marked", attempt: 2 });
      await finish(lane, { ...first, k: "k1", mi: "m1" });
      expect(await mark(lane, "k3")).toMatchObject({ verdict: "busy" });
      expect(await harness.attempts(lane)).toMatchObject([{ n: 1, outcome: "sent" }]);
    });

    test("a late answer takes a parked delivery out of what is to be replayed", async () => {
      const lane = await withReplies("one");
      await mark(lane, "k1");
      await finish(lane, { ...first, k: "k1", oc: "unknown", pk: "senders_silent" });
      expect(await harness.parkedDeliveries(lane)).toBe(1);
      await finish(lane, { ...first, k: "k1", mi: "m1" });
      expect(await harness.parkedDeliveries(lane)).toBe(0);
    });

    test("an echo takes a parked delivery out of what is to be replayed", async () => {
      const lane = await withReplies("one");
      await mark(lane, "k1");
      await finish(lane, { ...first, k: "k1", oc: "unknown", pk: "senders_silent" });
      await commitAll(harness.store, [
        {
          lane,
          origin: harness.origin,
          version: 1,
          effects: [{ type: "settled", delivery: "1000", attempt: 1, messageId: "m1" }],
        },
      ]);
      expect(await harness.parkedDeliveries(lane)).toBe(0);
    });

    test("nothing is marked while its account is on hold", async () => {
      const lane = await withReplies("one");
      await mark(lane, "k1");
      const hold = { ho: 60_000, hr: "throttled" };
      await finish(lane, { ...first, k: "k1", oc: "throttled", fi: false, ...hold });
      await finish(lane, { ...first, k: "k1", oc: "throttled", fi: false, ho: 5, hr: "throttled" });
      const [held] = await harness.outbox.holds();
      expect(held).toMatchObject({ origin_id: harness.origin.id, reason: "throttled" });
      expect(held?.left_ms).toBeGreaterThan(30_000);
      const next = await withReplies("two");
      expect(await mark(next, "k2")).toMatchObject({ verdict: "held" });
      await harness.hasten();
      expect(await harness.outbox.holds()).toEqual([]);
      expect(await mark(next, "k3")).toMatchObject({ verdict: "marked" });
    });

    test("what the bot decided under a former owner is not sent", async () => {
      const { origin } = harness;
      const lane = await withReplies("one", "two");
      await commitAll(harness.store, [{ lane, origin, version: 1, epoch: 1 }]);
      expect(await mark(lane, "k1")).toMatchObject({ verdict: "superseded" });
      expect(await mark(lane, "k2")).toMatchObject({ verdict: "superseded" });
      expect(await mark(lane, "k3")).toMatchObject({ verdict: "empty" });
      const outcomes = (await harness.attempts(lane)).map(({ outcome }) => outcome);
      expect(outcomes).toEqual(["superseded", "superseded"]);
    });

    test("a silent sender is found with all that a decision needs", async () => {
      const lane = await withReplies("one");
      await mark(lane, "k1");
      const silent = async (ms: number) =>
        (await harness.outbox.silent(ms)).find(({ conv }) => conv === lane.conversation);
      expect(await silent(60_000)).toBeUndefined();
      expect(await silent(0)).toMatchObject({ seq: "1000", attempt: 1, token: "k1", silences: 0 });
      await finish(lane, {
        ...first,
        k: "k1",
        oc: "unknown",
        de: "sender_silent",
        fi: false,
        fl: 1,
      });
      expect(await silent(0)).toBeUndefined();
      await harness.hasten();
      await mark(lane, "k2");
      expect(await silent(0)).toMatchObject({ attempt: 2, failures: 1, silences: 1 });
    });

    test("conversations with something to send are found page by page", async () => {
      const lanes = [await withReplies("one", "two"), await withReplies("three")];
      const names = lanes.map(({ conversation }) => String(conversation)).toSorted();
      const found: string[] = [];
      let conversation = "00000000-0000-0000-0000-000000000000";
      for (;;) {
        const at = { tenant: harness.origin.tenant, conversation, ageMs: 0, limit: 1 };
        const [row] = await harness.outbox.stranded(at);
        if (row === undefined) break;
        conversation = row.conv;
        found.push(conversation);
      }
      expect(found.filter((one) => names.includes(one))).toEqual(names);
      const all = { tenant: 0, conversation: "00000000-0000-0000-0000-000000000000" };
      const young = await harness.outbox.stranded({ ...all, ageMs: 60_000, limit: 99 });
      expect(young).toEqual([]);
      const rows = await harness.outbox.stranded({ ...all, ageMs: 0, limit: 999 });
      const row = rows.find(({ conv }) => conv === lanes[0]?.conversation);
      expect(row).toMatchObject({ open: "2", wait_ms: null, origin_id: harness.origin.id });
    });

    test("the last calls of an origin are known, as many as its limit, the latest first", async () => {
      for (let count = 0; count < 4; count += 1) {
        const lane = await withReplies("one");
        await mark(lane, "k1");
        if (count % 2 === 0) await finish(lane, { ...first, k: "k1" });
      }
      const sends = await harness.outbox.recentSends(0);
      const ages = sends.find(({ origin_id }) => origin_id === harness.origin.id)?.ages ?? [];
      expect(ages).toHaveLength(harness.origin.rate.count);
      expect([...ages].toSorted((a, b) => a - b)).toEqual([...ages]);
    });
  });
}
