import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createReaper, createTimers } from "../../../src/conversation/keeper.ts";
import type { ChannelEvent } from "../../../src/message/event.ts";
import { createLogger } from "../../../src/platform/telemetry/logger.ts";
import { eventually } from "../../support/eventually.ts";
import { forgetKeys, openWorkbench, type Workbench } from "../../support/workbench.ts";
import { applied, logOf, noTickets, pendingOf, startSweeper, untilApplied } from "./scene.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench();
});
afterAll(() => bench.close());

const logger = createLogger("silent", "test");

async function drainedUntil(what: string, look: () => Promise<boolean>): Promise<void> {
  await eventually(what, async () => {
    await bench.worker.drain();
    return look();
  });
}

describe("Redis comes back empty", () => {
  test("while lanes are ready, running and waiting: the sweeper restores them all at once, and nothing is applied twice", async () => {
    for (const client of ["idle", "ready", "running", "waiting"])
      await applied(bench, client, ["one"]);
    await bench.say("idle", "two");
    await bench.post([await bench.say("running", "two")]);
    const [running] = await bench.lanes.claim("x.");
    await bench.post([await bench.say("waiting", "two")]);
    const [waiting] = await bench.lanes.claim("y.");
    if (running === undefined || waiting === undefined) throw new Error("not claimed");
    await bench.lanes.release([
      { lane: waiting, cache: null, next: { waitMs: 60_000 }, caution: waiting.caution },
    ]);
    await bench.post([await bench.say("ready", "two")]);
    await forgetKeys(bench.redis, bench.prefix);
    const stop = await startSweeper(bench);
    await drainedUntil(
      "all is applied",
      async () => (await bench.database.count("SELECT count(*) FROM pending")) === 0,
    );
    await stop();
    for (const client of ["idle", "ready", "running", "waiting"])
      expect(await logOf(bench, client)).toEqual(["one", "two"]);
    expect(await bench.database.count("SELECT count(*) FROM outbox")).toBe(8);
  });

  test("with an old state in it: what is decided on it is refused, and decided again on the new one", async () => {
    await applied(bench, "older", ["hello"]);
    const key = `${bench.prefix}state:${bench.conversation("older")}`;
    const old = (await bench.redis.raw.get(key)) ?? "";
    await applied(bench, "older", ["221B Baker Street"]);
    await bench.redis.raw.set(key, old);
    await applied(bench, "older", ["+14155552671"]);
    const rows = await bench.database.rows<{ dialog_state: string }>(
      "SELECT dialog_state FROM message_logs WHERE conv = $1 ORDER BY seq",
      [bench.conversation("older")],
    );
    expect(rows.map((row) => row.dialog_state)).toEqual([
      "WAITING_ADDRESS",
      "WAITING_PHONE",
      "WAITING_QUANTITY",
    ]);
  });

  test("known again, it is not walked without regard to age: fresh events are left to their own wake-up", async () => {
    const stop = await startSweeper(bench);
    await eventually("the sweeper knows this Redis", () =>
      bench.redis.raw.exists(`${bench.prefix}alive`),
    );
    const fresh = await bench.say("fresh", "one");
    await stop();
    const again = await startSweeper(bench);
    await again();
    expect(await bench.redis.raw.exists(`${bench.prefix}lane:${bench.conversation("fresh")}`)).toBe(
      0,
    );
    await bench.post([fresh]);
    await bench.worker.drain();
    expect(await logOf(bench, "fresh")).toEqual(["one"]);
  });
});

const noteOf = (text: string): ChannelEvent => ({
  type: "side_message",
  messageId: text,
  kind: "note",
  operatorId: null,
  content: { text, parts: [] },
});

describe("more events than a mailbox holds", () => {
  test("are all applied, once and in order, without waiting for the sweeper", async () => {
    await applied(bench, "flood", ["hello"]);
    const notes = await Promise.all(
      Array.from({ length: 450 }, (_, i) =>
        bench.storeWebhook([{ key: `flood-${i}`, client: "flood", event: noteOf(`${i}`) }]),
      ),
    );
    const events = notes.flat().toSorted((a, b) => Number(a.id) - Number(b.id));
    await bench.post(events);
    while (await bench.worker.drain());
    expect(await pendingOf(bench, "flood")).toBe(0);
    const rows = await bench.database.rows<{ event_id: string }>(
      "SELECT event_id FROM messages WHERE conv = $1 AND kind = 'note' ORDER BY seq",
      [bench.conversation("flood")],
    );
    expect(rows.map(({ event_id }) => event_id)).toEqual(events.map(({ id }) => id));
    expect(await bench.redis.raw.exists(`${bench.prefix}lane:${bench.conversation("flood")}`)).toBe(
      0,
    );
  });

  test("and an event too large for Redis are read from PostgreSQL", async () => {
    await applied(bench, "large", ["hello"]);
    const address = `221B Baker Street ${"x".repeat(9_000)}`;
    await applied(bench, "large", [address, "221B Baker Street"]);
    expect(await logOf(bench, "large")).toEqual(["hello", address, "221B Baker Street"]);
  });
});

describe("a worker that is gone", () => {
  test("its lane is put back by the reaper of another, and its event is applied", async () => {
    await bench.post([await bench.say("orphan", "hello")]);
    expect(await bench.lanes.claim("dead.")).toHaveLength(1);
    await bench.redis.raw.zadd(`${bench.prefix}due`, "XX", 1, bench.conversation("orphan"));
    const reaper = createReaper({
      lanes: bench.lanes,
      tickets: noTickets,
      logger,
      worker: bench.worker,
    });
    await reaper.start();
    await drainedUntil(
      "the orphan is applied",
      async () => (await pendingOf(bench, "orphan")) === 0,
    );
    await reaper.stop();
    expect(await logOf(bench, "orphan")).toEqual(["hello"]);
  });

  test("a worker that is slow keeps its lane: the reaper renews what it holds", async () => {
    await bench.post([await bench.say("slow", "hello")]);
    const gate = Promise.withResolvers<void>();
    const slow = bench.newWorker({
      store: {
        ...bench.store,
        commit: async (...given) => {
          await gate.promise;
          return bench.store.commit(...given);
        },
      },
    });
    const drained = slow.drain();
    const held = await eventually("the lane is held", () => slow.held()[0]);
    await bench.redis.raw.zadd(`${bench.prefix}due`, "XX", 1, held.conversation);
    const reaper = createReaper({ lanes: bench.lanes, tickets: noTickets, logger, worker: slow });
    await reaper.start();
    await eventually(
      "the lease is renewed",
      async () => Number(await bench.redis.raw.zscore(`${bench.prefix}due`, held.conversation)) > 1,
    );
    expect(await bench.redis.raw.hget(`${bench.prefix}lane:${held.conversation}`, "tok")).toBe(
      held.token,
    );
    gate.resolve();
    await drained;
    await reaper.stop();
    expect(slow.held()).toEqual([]);
    expect(await logOf(bench, "slow")).toEqual(["hello"]);
  });

  test("a worker told to stop finishes what it holds and takes nothing more", async () => {
    await bench.post([await bench.say("last", "hello")]);
    const stopping = bench.newWorker();
    stopping.stop();
    expect(await stopping.drain()).toBe(false);
    expect(await pendingOf(bench, "last")).toBe(1);
    await untilApplied(bench, "last");
  });
});

describe("deadlines", () => {
  test("far more than a page of them are all seen, also behind lanes that cannot move", async () => {
    await bench.database.rows(
      `INSERT INTO timers (tenant_id, conv, due_at) SELECT $1, gen_random_uuid(), now() - n * interval '1 s' FROM generate_series(1, 1200) n`,
      [bench.origin.tenant],
    );
    const timers = createTimers({
      lanes: bench.lanes,
      tickets: noTickets,
      logger,
      store: bench.store,
      leads: async () => true,
    });
    await timers.start();
    await eventually(
      "all are awake",
      async () => (await bench.redis.raw.zcard(`${bench.prefix}due`)) >= 1_200,
    );
    await timers.stop();
    await bench.database.rows("DELETE FROM timers");
  });
});
