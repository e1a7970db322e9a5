import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { classifyFailure } from "../../src/platform/postgres/failure.ts";
import { createCounter } from "../support/simulation/counter.ts";
import {
  commitAll,
  endOf,
  markOne,
  order,
  reply,
  type StoresHarness,
  type Turn,
} from "./stores-harness.ts";

/** What every implementation of the port `ConversationStore` must do. */
export function conversationStoreConformance(
  name: string,
  open: () => Promise<StoresHarness>,
): void {
  describe(`conversation store ${name}`, () => {
    let harness: StoresHarness;
    const nextClient = createCounter();
    beforeAll(async () => {
      harness = await open();
    });
    afterAll(() => harness.close());

    const newClient = (): string => `client ${nextClient()}`;
    const commit = (...turns: readonly Omit<Turn, "origin">[]) =>
      commitAll(
        harness.store,
        turns.map((turn) => ({ ...turn, origin: harness.origin })),
      );
    const load = async (client: string, eventsMax = 64) => {
      const [loaded] = await harness.store.load([harness.lane(client)], eventsMax);
      if (loaded === undefined) throw new Error("nothing was loaded");
      return loaded;
    };
    const openIds = async (client: string) => (await load(client)).events.map(({ id }) => id);
    const withEvents = async (count: number) => {
      const client = newClient();
      const ids: string[] = [];
      for (let left = count; left > 0; left -= 1) ids.push(await harness.add(client));
      return { client, lane: harness.lane(client), ids };
    };

    test("a conversation that nobody knows is new and has no events", async () => {
      const loaded = await load(newClient());
      expect(loaded).toMatchObject({ version: 0, state: null, origin: null, dueAt: null });
      expect(loaded.events).toEqual([]);
    });

    test("the first events are given in order, and one more that says that there are more", async () => {
      const { client, ids } = await withEvents(4);
      const { events } = await load(client, 2);
      expect(events.map(({ id }) => id)).toEqual(ids.slice(0, 3));
      expect(events[0]).toMatchObject({ attempts: 0, waitMs: null, origin: harness.origin.id });
    });

    test("a commit raises the version, keeps the state and closes the events it names", async () => {
      const { client, lane, ids } = await withEvents(3);
      const applied = ids.slice(0, 2);
      expect(await commit({ lane, version: 0, ids: applied, state: { n: 1 } })).toEqual(["done"]);
      expect(await load(client)).toMatchObject({ version: 1, state: { n: 1 } });
      expect(await openIds(client)).toEqual(ids.slice(2));
    });

    test("who decided on another version loses, and nothing changes", async () => {
      const { client, lane, ids } = await withEvents(1);
      await commit({ lane, version: 0, state: { n: 1 } });
      expect(await commit({ lane, version: 0, ids, state: { n: 2 } })).toEqual(["stale"]);
      expect(await commit({ lane, version: 2, ids, state: { n: 2 } })).toEqual(["stale"]);
      expect(await load(client)).toMatchObject({ version: 1, state: { n: 1 } });
      expect(await openIds(client)).toEqual(ids);
    });

    test("an event that was applied elsewhere is not applied again", async () => {
      const { client, lane, ids } = await withEvents(2);
      await commit({ lane, version: 0, ids: ids.slice(0, 1) });
      expect(await commit({ lane, version: 1, ids })).toEqual(["gone"]);
      expect(await openIds(client)).toEqual(ids.slice(1));
    });

    test("what was read from Redis is refused while a lower event is open, what was read here is not", async () => {
      const { lane, ids } = await withEvents(2);
      const later = ids.slice(1);
      expect(await commit({ lane, version: 0, ids: later, fast: true })).toEqual(["gap"]);
      expect(await commit({ lane, version: 0, ids: later, fast: false })).toEqual(["done"]);
      expect(await commit({ lane, version: 1, ids: ids.slice(0, 1), fast: true })).toEqual([
        "done",
      ]);
    });

    test("who loses loses alone", async () => {
      const [one, two, three] = [await withEvents(1), await withEvents(2), await withEvents(1)];
      const verdicts = await commit(
        { lane: one.lane, version: 0, ids: one.ids },
        { lane: two.lane, version: 0, ids: two.ids.slice(1), fast: true },
        { lane: three.lane, version: 7, ids: three.ids },
      );
      expect(verdicts).toEqual(["done", "gap", "stale"]);
      expect(await openIds(one.client)).toEqual([]);
      expect(await openIds(two.client)).toEqual(two.ids);
    });

    test("a refused row refuses the whole call, and nothing of it is done", async () => {
      const [good, bad] = [await withEvents(1), await withEvents(1)];
      const refused = commit(
        { lane: good.lane, version: 0, ids: good.ids },
        { lane: bad.lane, version: 0, ids: bad.ids, effects: [reply("\0")] },
      );
      expect(await refused.catch(classifyFailure)).toBe("refused");
      expect(await openIds(good.client)).toEqual(good.ids);
      expect(await load(good.client)).toMatchObject({ version: 0, state: null });
    });

    test("a run places one order, whatever is committed again", async () => {
      const { lane } = await withEvents(0);
      await commit({ lane, version: 0, effects: [order(1)] });
      const again = commit({ lane, version: 1, effects: [order(1)] });
      expect(await again.catch(classifyFailure)).toBe("refused");
      expect(await commit({ lane, version: 1, effects: [order(2)] })).toEqual(["done"]);
    });

    test("a failed event waits longer each time, and is parked the fifth time with a gap behind it", async () => {
      const { client, lane, ids } = await withEvents(2);
      const failure = { eventId: ids[0] ?? "", reason: "bad", counted: false };
      for (const waitMs of [1_000, 2_000, 4_000, 8_000]) {
        expect(await harness.store.fail(lane, failure)).toEqual({ parked: false, waitMs });
        const [first] = (await load(client)).events;
        expect(first?.waitMs).toBeGreaterThan(waitMs / 2);
      }
      const before = (await load(client)).version;
      expect(await harness.store.fail(lane, failure)).toEqual({ parked: true, waitMs: 0 });
      expect(await harness.parked(lane)).toEqual([{ id: failure.eventId, attempts: 5 }]);
      expect(await openIds(client)).toEqual(ids.slice(1));
      expect((await load(client)).version).toBe(before + 1);
    });

    test("an event that is not open any more does not fail", async () => {
      const { lane, ids } = await withEvents(1);
      await commit({ lane, version: 0, ids });
      const failure = { eventId: ids[0] ?? "", reason: "bad", counted: false };
      expect(await harness.store.fail(lane, failure)).toEqual({ parked: false, waitMs: 0 });
    });

    test("each death of a holder counts before the next start, two are assumed, and the sixth start is none", async () => {
      const { client, lane, ids } = await withEvents(1);
      const attempts = async () => (await load(client)).events[0]?.attempts;
      for (const expected of [3, 4, 5]) {
        expect(await harness.store.suspect({ ...lane, tries: 2 })).toBe("counted");
        expect(await attempts()).toBe(expected);
      }
      expect(await harness.store.suspect({ ...lane, tries: 2 })).toBe("parked");
      expect(await harness.parked(lane)).toEqual([{ id: ids[0] ?? "", attempts: 6 }]);
    });

    test("a start that was cut short while its holder lives is not counted twice", async () => {
      const { client, lane } = await withEvents(1);
      for (let starts = 0; starts < 9; starts += 1)
        expect(await harness.store.suspect({ ...lane, tries: 0 })).toBe("counted");
      expect((await load(client)).events[0]?.attempts).toBe(3);
    });

    test("a suspected event that fails is counted once for each start", async () => {
      const { lane, ids } = await withEvents(1);
      const failure = { eventId: ids[0] ?? "", reason: "bad", counted: true };
      for (const parked of [false, false, true]) {
        expect(await harness.store.suspect({ ...lane, tries: 0 })).toBe("counted");
        expect(await harness.store.fail(lane, failure)).toMatchObject({ parked });
        if (!parked) expect(await harness.store.suspect({ ...lane, tries: 0 })).toBe("none");
        await harness.hasten();
      }
      expect(await harness.parked(lane)).toEqual([{ id: failure.eventId, attempts: 5 }]);
    });

    test("nobody is suspected where nothing is open", async () => {
      const { lane } = await withEvents(0);
      expect(await harness.store.suspect({ ...lane, tries: 2 })).toBe("none");
    });

    test("a deadline is found when it is due, can be put off, and is removed by a commit", async () => {
      const { client, lane } = await withEvents(0);
      const { now } = await load(client);
      const due = async () =>
        (await harness.store.dueTimers({ limit: 999, offset: 0 })).some(
          ({ conversation }) => conversation === lane.conversation,
        );
      await commit({ lane, version: 0, timer: { setTo: now + 60_000, remove: false } });
      expect(await due()).toBe(false);
      expect((await load(client)).dueAt).toBeCloseTo(now + 60_000, 0);
      await commit({ lane, version: 1, timer: { setTo: now - 60_000, remove: false } });
      expect(await due()).toBe(true);
      await harness.store.postponeTimer(lane, 60_000);
      expect(await due()).toBe(false);
      await commit({ lane, version: 2, timer: { setTo: null, remove: true } });
      expect((await load(client)).dueAt).toBeNull();
    });

    test("open events are found page by page, those that wait with their time", async () => {
      const { lane, ids } = await withEvents(3);
      const [first = "0", second, third] = ids;
      await harness.store.fail(lane, { eventId: second ?? "", reason: "bad", counted: false });
      const page = { ageMs: 0, limit: 2 };
      const found = await harness.store.stranded({ after: first, ...page });
      expect(found.map(({ id }) => id)).toEqual([second ?? "", third ?? ""]);
      expect(found[0]).toMatchObject(lane);
      expect(found[0]?.waitMs).toBeGreaterThan(0);
      expect(found[1]?.waitMs).toBeNull();
      const young = await harness.store.stranded({ after: first, ageMs: 60_000, limit: 2 });
      expect(young).toEqual([]);
    });

    test("an echo is known by its id, and by what is under way or has no end", async () => {
      const { lane } = await withEvents(0);
      const facts = async (m: string) => {
        const { tenant: t, conversation: c } = lane;
        const [answer] = await harness.store.echoFacts([{ i: 0, t, c, g: harness.origin.id, m }]);
        return answer;
      };
      await commit({ lane, version: 0, effects: [reply("one"), reply("two")] });
      await markOne(harness.outbox, lane, "k1");
      expect(await facts("m1")).toEqual({ i: 0, ours: false, in_flight: true, unsettled: [] });
      const sent = { k: "k1", q: "1000", a: 1, mi: "m1" };
      await harness.outbox.exchange([endOf(lane, harness.origin, sent)], []);
      expect(await facts("m1")).toEqual({ i: 0, ours: true, in_flight: false, unsettled: [] });
      await markOne(harness.outbox, lane, "k2");
      const lost = { k: "k2", q: "1001", a: 1, oc: "unknown" };
      await harness.outbox.exchange([endOf(lane, harness.origin, lost)], []);
      const unsettled = [{ seq: "1001", n: 1, text: "two" }];
      expect(await facts("m2")).toEqual({ i: 0, ours: false, in_flight: false, unsettled });
      await commit({
        lane,
        version: 1,
        effects: [{ type: "settled", delivery: "1001", attempt: 1, messageId: "m2" }],
      });
      expect(await facts("m2")).toEqual({ i: 0, ours: true, in_flight: false, unsettled: [] });
      expect((await harness.attempts(lane)).at(-1)).toMatchObject({
        outcome: "sent",
        settledBy: "echo",
      });
    });
  });
}
