import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import pg from "pg";
import { createConversationStore } from "../../../src/conversation/store.ts";
import { originId, tenantId } from "../../../src/core/ids.ts";
import { eventually } from "../../support/eventually.ts";
import { startPostgresLink } from "../../support/postgres-link.ts";
import { openWorkbench, pipelineDatabase, type Workbench } from "../../support/workbench.ts";
import { applied, logOf, passTime, pendingOf, untilApplied, versionOf } from "./scene.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench();
});
afterAll(() => bench.close());

/** A lane as `commit` names it, with no rows but its own. */
function laneOf(
  client: string,
  more: {
    readonly v: number;
    readonly x: readonly string[];
    readonly f?: boolean;
    readonly i?: number;
  },
) {
  const m = more.x.at(-1) ?? "0";
  return {
    i: 0,
    t: tenantId(bench.origin.tenant),
    c: bench.conversation(client),
    o: originId(bench.origin.id),
    n: client,
    s: { v: 1 },
    e: 0,
    f: false,
    m,
    d: null,
    r: false,
    ...more,
  };
}
const noRows = { messages: [], logs: [], outbox: [], rare: [] };

describe("a verdict is one lane's alone", () => {
  test("stale, gone and gap leave their neighbours of the group committed, and nothing of their own", async () => {
    await applied(bench, "stale", ["one"]);
    const [stale, gone, gap, low, good] = [
      await bench.say("stale", "two"),
      await bench.say("gone", "a"),
      await bench.say("gap", "low"),
      await bench.say("gap", "high"),
      await bench.say("good", "a"),
    ];
    if (
      stale === undefined ||
      gone === undefined ||
      gap === undefined ||
      low === undefined ||
      good === undefined
    )
      throw new Error("not stored");
    await bench.database.rows("DELETE FROM pending WHERE id = $1", [gone.id]);
    const verdicts = await bench.store.commit(
      [
        laneOf("stale", { i: 0, v: 0, x: [stale.id] }),
        laneOf("gone", { i: 1, v: 0, x: [gone.id] }),
        laneOf("gap", { i: 2, v: 0, x: [low.id], f: true }),
        laneOf("good", { i: 3, v: 0, x: [good.id], f: true }),
        laneOf("unknown", { i: 4, v: 7, x: [] }),
      ],
      noRows,
    );
    expect(verdicts).toEqual(["stale", "gone", "gap", "done", "stale"]);
    expect(await versionOf(bench, "stale")).toBe(1);
    expect(await versionOf(bench, "gone")).toBe(0);
    expect(await versionOf(bench, "gap")).toBe(0);
    expect(await versionOf(bench, "good")).toBe(1);
    expect([
      await pendingOf(bench, "stale"),
      await pendingOf(bench, "gap"),
      await pendingOf(bench, "good"),
    ]).toEqual([1, 2, 0]);
    await bench.database.rows("DELETE FROM pending");
  });

  test("a conversation that somebody else holds is stale at once; its neighbours do not wait for it", async () => {
    await applied(bench, "held", ["one"]);
    await applied(bench, "free", ["one"]);
    const events = [await bench.say("held", "two"), await bench.say("free", "two")];
    const holder = new pg.Client({ connectionString: bench.database.url });
    await holder.connect();
    await holder.query("BEGIN");
    await holder.query("SELECT FROM conversations WHERE conv = $1 FOR UPDATE", [
      bench.conversation("held"),
    ]);
    await bench.post(events);
    await bench.worker.drain();
    expect(await logOf(bench, "free")).toEqual(["one", "two"]);
    expect(await logOf(bench, "held")).toEqual(["one"]);
    await holder.query("COMMIT");
    await holder.end();
    await untilApplied(bench, "held");
    expect(await logOf(bench, "held")).toEqual(["one", "two"]);
  });
});

describe("whoever is late loses", () => {
  test("a zombie that holds an old version changes nothing, and its events are applied once", async () => {
    await applied(bench, "zombie", ["one"]);
    const event = await bench.say("zombie", "two");
    await bench.post([event]);
    const paused = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    const zombie = bench.newWorker({
      store: {
        ...bench.store,
        commit: async (...given) => {
          reached.resolve();
          await paused.promise;
          return bench.store.commit(...given);
        },
      },
    });
    const dying = zombie.drain();
    await reached.promise;
    await passTime(bench, "zombie");
    await bench.worker.drain();
    expect(await logOf(bench, "zombie")).toEqual(["one", "two"]);
    paused.resolve();
    await dying;
    expect(await logOf(bench, "zombie")).toEqual(["one", "two"]);
    expect(await versionOf(bench, "zombie")).toBe(2);
    await applied(bench, "zombie", ["three"]);
    expect(await logOf(bench, "zombie")).toEqual(["one", "two", "three"]);
  });

  test("two workers in one lane decide each event once", async () => {
    await applied(bench, "both", ["zero"]);
    const claims = async () => {
      const [lane] = await bench.lanes.claim(`${crypto.randomUUID()}.`);
      await passTime(bench, "both");
      if (lane === undefined) throw new Error("not ready");
      return lane;
    };
    const texts = Array.from({ length: 10 }, (_, i) => `m${i}`);
    for (const text of texts) await bench.post([await bench.say("both", text)]);
    const lanes = [await claims(), await claims()];
    const workers = lanes.map((lane) => {
      let given = false;
      return bench.newWorker({
        lanes: {
          ...bench.lanes,
          claim: async () => {
            if (given) return [];
            given = true;
            return [lane];
          },
        },
      });
    });
    await Promise.all(workers.map((worker) => worker.drain()));
    await untilApplied(bench, "both");
    expect(await logOf(bench, "both")).toEqual(["zero", ...texts]);
    expect(
      await bench.database.count("SELECT count(*) FROM outbox WHERE conv = $1", [
        bench.conversation("both"),
      ]),
    ).toBe(11);
  });

  test("many workers on many lanes with copies of every post apply each event once and in order", async () => {
    const clients = Array.from({ length: 12 }, (_, i) => `crowd-${i}`);
    const workers = Array.from({ length: 5 }, () => bench.newWorker());
    for (let round = 0; round < 8; round += 1) {
      const events = await Promise.all(clients.map((client) => bench.say(client, `m${round}`)));
      await bench.post([...events, ...events.toReversed()]);
      await Promise.all(workers.map((worker) => worker.drain()));
    }
    for (const client of clients) {
      await untilApplied(bench, client);
      expect(await logOf(bench, client)).toEqual(Array.from({ length: 8 }, (_, i) => `m${i}`));
    }
  });
});

describe("a commit whose outcome nobody knows", () => {
  /** A worker whose connections to PostgreSQL go through a link. */
  function linked() {
    const link = startPostgresLink(bench.database.url);
    const database = pipelineDatabase(link.url, { statementTimeoutMs: 1_000 });
    const store = createConversationStore(database);
    const end = async () => {
      await database.close();
      link.close();
    };
    return { link, store, end };
  }

  test("that happened is not repeated: the answer was lost after the commit", async () => {
    await applied(bench, "answered", ["one"]);
    await bench.post([await bench.say("answered", "two")]);
    const { link, store, end } = linked();
    await store.dueTimers({ limit: 1, offset: 0 });
    const worker = bench.newWorker({
      store: {
        ...store,
        commit: async (...given) => {
          link.muteServer();
          const lost = store.commit(...given);
          await eventually(
            "the commit happened",
            async () => (await versionOf(bench, "answered")) === 2,
          );
          link.cut();
          return lost;
        },
      },
    });
    await worker.drain();
    expect(
      await bench.redis.raw.exists(`${bench.prefix}state:${bench.conversation("answered")}`),
    ).toBe(0);
    await bench.post([await bench.say("answered", "three")]);
    await untilApplied(bench, "answered");
    expect(await logOf(bench, "answered")).toEqual(["one", "two", "three"]);
    await end();
  });

  test("that never reached the server is done again", async () => {
    await applied(bench, "unheard", ["one"]);
    await bench.post([await bench.say("unheard", "two")]);
    const { link, store, end } = linked();
    await store.dueTimers({ limit: 1, offset: 0 });
    let lost = 0;
    const worker = bench.newWorker({
      store: {
        ...store,
        commit: async (...given) => {
          if (lost > 0) return store.commit(...given);
          lost += 1;
          link.muteClient();
          const unheard = store.commit(...given);
          link.cut();
          return unheard;
        },
      },
    });
    await worker.drain();
    expect(await logOf(bench, "unheard")).toEqual(["one"]);
    await passTime(bench, "unheard");
    await worker.drain();
    expect(await logOf(bench, "unheard")).toEqual(["one", "two"]);
    await end();
  });

  test("whose backend was terminated in the middle is done again, for the whole group", async () => {
    const clients = ["killed-1", "killed-2", "killed-3"];
    for (const client of clients) await applied(bench, client, ["one"]);
    await bench.post(await Promise.all(clients.map((client) => bench.say(client, "two"))));
    const blocker = new pg.Client({ connectionString: bench.database.url });
    await blocker.connect();
    await blocker.query("BEGIN");
    await blocker.query("LOCK TABLE message_logs IN ACCESS EXCLUSIVE MODE");
    const drained = bench.worker.drain();
    const waiting = `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%commit_lanes%'`;
    const pid = await eventually(
      "the commit is under way",
      async () => (await bench.database.rows<{ pid: number }>(waiting))[0]?.pid,
    );
    await bench.database.rows("SELECT pg_terminate_backend($1)", [pid]);
    await blocker.query("COMMIT");
    await blocker.end();
    await drained;
    for (const client of clients) {
      await untilApplied(bench, client);
      expect(await logOf(bench, client)).toEqual(["one", "two"]);
    }
    expect(await bench.database.count("SELECT count(*) FROM parked")).toBe(0);
  });
});
