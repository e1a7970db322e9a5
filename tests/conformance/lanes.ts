import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type ConversationId, conversationId, tenantId } from "../../src/core/ids.ts";
import type { ClaimedLane, LaneName, Lanes, Mail, Release } from "../../src/lane/lanes.ts";

/** Lanes under test. */
export type LanesHarness = {
  readonly lanes: Lanes;
  /** Brings the instant at which a lane is looked at again to now. */
  readonly hasten: (conversation: ConversationId) => Promise<void>;
  readonly close: () => Promise<void>;
};

/** A lane's name; `number` tells lanes apart. */
export function laneName(number: number, tenant = 1): LaneName {
  const digits = String(number).padStart(12, "0");
  return {
    tenant: tenantId(tenant),
    conversation: conversationId(`00000000-0000-0000-0000-${digits}`),
  };
}

export function mailFor(lane: LaneName, id: number, event = `{"n":${id}}`): Mail {
  return { ...lane, id: String(id), event };
}

/** A release as it is after work that changed nothing. */
export function releaseOf(lane: ClaimedLane, changes: Partial<Release> = {}): Release {
  return { lane, cache: null, next: "done", caution: { care: 0, single: 0 }, ...changes };
}

/** What every implementation of the port `Lanes` must do. */
export function lanesConformance(name: string, open: () => Promise<LanesHarness>): void {
  describe(`lanes ${name}`, () => {
    let harness: LanesHarness;
    const lanes = (): Lanes => harness.lanes;
    const one = laneName(1);
    const claimOne = async (token = "t."): Promise<ClaimedLane> => {
      const [lane] = await lanes().claim(token);
      if (lane === undefined) throw new Error("no lane was ready");
      return lane;
    };
    beforeEach(async () => {
      harness = await open();
    });
    afterEach(() => harness.close());

    test("an idle lane becomes ready once, however many events come", async () => {
      expect(await lanes().post([mailFor(one, 1), mailFor(one, 2)])).toBe(1);
      expect(await lanes().post([mailFor(one, 3)])).toBe(0);
      const lane = await claimOne();
      expect(lane).toMatchObject({ ...one, tries: 0, more: 0, cached: null });
      expect(lane.entries.map(({ id }) => id)).toEqual(["1", "2", "3"]);
    });

    test("a lane in work is given to nobody else", async () => {
      await lanes().post([mailFor(one, 1)]);
      await claimOne();
      expect(await lanes().wake([one])).toBe(0);
      expect(await lanes().claim("u.")).toEqual([]);
    });

    test("an event that comes during the work is there for the next claim, what was read is not", async () => {
      await lanes().post([mailFor(one, 1)]);
      const lane = await claimOne();
      await lanes().post([mailFor(one, 2)]);
      expect(await lanes().release([releaseOf(lane)])).toBe(1);
      expect((await claimOne()).entries.map(({ id }) => id)).toEqual(["2"]);
    });

    test("a lane with nothing left is idle", async () => {
      await lanes().post([mailFor(one, 1)]);
      expect(await lanes().release([releaseOf(await claimOne())])).toBe(0);
      expect(await lanes().claim("u.")).toEqual([]);
      expect(await lanes().wake([one])).toBe(1);
    });

    test("a former holder's release changes nothing", async () => {
      await lanes().post([mailFor(one, 1)]);
      const former = await claimOne("former.");
      await harness.hasten(one.conversation);
      await lanes().reap();
      const holder = await claimOne("holder.");
      expect(await lanes().release([releaseOf(former, { next: "again" })])).toBe(0);
      expect(holder.entries.map(({ id }) => id)).toEqual(["1"]);
      expect(await lanes().release([releaseOf(holder, { next: "again" })])).toBe(1);
    });

    test("a lane whose holder is silent is ready again, and its lost claims are counted", async () => {
      await lanes().post([mailFor(one, 1)]);
      await claimOne();
      expect(await lanes().reap()).toBe(0);
      await harness.hasten(one.conversation);
      expect(await lanes().reap()).toBe(1);
      const second = await claimOne();
      expect(second.tries).toBe(1);
      expect(second.entries).toHaveLength(1);
    });

    test("a renewed lease is not over", async () => {
      await lanes().post([mailFor(one, 1)]);
      const { conversation, token } = await claimOne();
      await harness.hasten(conversation);
      await lanes().renew([{ conversation, token }]);
      expect(await lanes().reap()).toBe(0);
      await harness.hasten(conversation);
      await lanes().renew([{ conversation, token: "another" }]);
      expect(await lanes().reap()).toBe(1);
    });

    test("a lane given back untouched keeps its mail, and the claim is not counted", async () => {
      await lanes().post([mailFor(one, 1)]);
      expect(await lanes().release([releaseOf(await claimOne(), { next: "keep" })])).toBe(1);
      expect(await claimOne()).toMatchObject({ tries: 0, entries: [{ id: "1" }] });
    });

    test("a newer state is kept, an older one is not, and a doubtful one is forgotten", async () => {
      const cached = async (cache: Release["cache"]): Promise<ClaimedLane["cached"]> => {
        await lanes().release([releaseOf(await claimOne(), { cache, next: "again" })]);
        const lane = await claimOne();
        await lanes().release([releaseOf(lane, { next: "again" })]);
        return lane.cached;
      };
      await lanes().post([mailFor(one, 1)]);
      expect(await cached({ version: 2, state: "two|2" })).toEqual({ version: 2, state: "two|2" });
      expect(await cached({ version: 1, state: "one" })).toEqual({ version: 2, state: "two|2" });
      expect(await cached(null)).toEqual({ version: 2, state: "two|2" });
      expect(await cached("forget")).toBeNull();
    });

    test("a waiting lane is not ready before its time, whatever comes", async () => {
      await lanes().post([mailFor(one, 1)]);
      await lanes().release([releaseOf(await claimOne(), { next: { waitMs: 60_000 } })]);
      expect(await lanes().post([mailFor(one, 2)])).toBe(0);
      expect(await lanes().reap()).toBe(0);
      await harness.hasten(one.conversation);
      expect(await lanes().reap()).toBe(1);
      expect((await claimOne()).entries).toHaveLength(1);
    });

    test("caution stays with a lane until a release says otherwise", async () => {
      const caution = { care: 3, single: 2 };
      await lanes().post([mailFor(one, 1)]);
      await lanes().release([releaseOf(await claimOne(), { caution, next: "again" })]);
      const lane = await claimOne();
      expect(lane.caution).toEqual(caution);
      await lanes().release([releaseOf(lane, { next: "again" })]);
      expect((await claimOne()).caution).toEqual({ care: 0, single: 0 });
    });

    test("what does not fit into a mailbox is counted, and the lane stays ready until it is read", async () => {
      const mail = Array.from({ length: 203 }, (_, place) => mailFor(one, place + 1));
      await lanes().post(mail);
      let lane = await claimOne();
      expect(lane).toMatchObject({ more: 3 });
      expect(lane.entries).toHaveLength(64);
      for (let left = 200 - 64; left > 0; left -= 64) {
        await lanes().release([releaseOf(lane, { next: "again" })]);
        lane = await claimOne();
      }
      await lanes().post([mailFor(one, 204)]);
      expect(await lanes().release([releaseOf(lane, { next: "done" })])).toBe(1);
      lane = await claimOne();
      expect(lane.entries.map(({ id }) => id)).toEqual(["204"]);
      expect(await lanes().release([releaseOf(lane, { next: "done" })])).toBe(0);
    });

    test("of an event that is too large only the id is kept", async () => {
      await lanes().post([mailFor(one, 1, "ä".repeat(5_000)), mailFor(one, 2, "x".repeat(8_192))]);
      const [large, small] = (await claimOne()).entries;
      expect(large).toEqual({ id: "1", event: "" });
      expect(small?.event).toHaveLength(8_192);
    });

    test("tenants take turns", async () => {
      const many = Array.from({ length: 9 }, (_, place) => mailFor(laneName(place + 1, 1), 1));
      await lanes().post([...many, mailFor(laneName(20, 2), 1)]);
      const claimed = await lanes().claim("t.");
      expect(claimed.map(({ tenant }) => Number(tenant))).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 2, 1]);
      expect(new Set(claimed.map(({ token }) => token)).size).toBe(10);
    });
  });
}
