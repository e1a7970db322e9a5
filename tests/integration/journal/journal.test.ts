import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { systemClock } from "../../../src/core/clock.ts";
import { createJournal, type Stored } from "../../../src/journal/journal.ts";
import type { Database } from "../../../src/platform/postgres/database.ts";
import { startPostgresLink } from "../../support/postgres-link.ts";
import {
  clientMessage,
  openWorkbench,
  type PlainEvent,
  pipelineDatabase,
  plainChannel,
  type Workbench,
} from "../../support/workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench();
});
afterAll(() => bench.close());

function webhookOf(events: readonly PlainEvent[]) {
  const json = { events };
  const raw = new TextEncoder().encode(JSON.stringify(json));
  const { origin } = bench;
  return { origin, raw, events: plainChannel.read({ json, raw }, origin.account) };
}

const said = (key: string, client = "1"): PlainEvent => ({
  key,
  client,
  event: clientMessage(key, "hello"),
});
const kinds = (stored: readonly Stored[]) => stored.map(({ type }) => type);
const journaled = (key: string) =>
  bench.database.count(
    "SELECT count(*) FROM event_keys JOIN journal USING (tenant_id, origin_id) WHERE key = $1 AND convert_from(raw, 'UTF8') LIKE '%' || $1 || '%'",
    [key],
  );

describe("a webhook of many events", () => {
  const batchOf = (name: string, count: number, from = 0) =>
    Array.from({ length: count }, (_, n) => said(`${name}-${from + n}`, `${name}-${n % 3}`));
  const bytesOf = (name: string) =>
    bench.database.count(
      "SELECT sum(length(raw)) FROM pending JOIN journal USING (tenant_id, id) WHERE pending.conv = ANY ($1)",
      [[0, 1, 2].map((n) => bench.conversation(`${name}-${n}`))],
    );

  test("is kept once, however many of its events are new, and every event finds it", async () => {
    const first = webhookOf(batchOf("batch", 30));
    expect(kinds(await bench.journal.store(first))).toEqual(Array(30).fill("fresh"));
    const loaded = await bench.store.load(
      [{ tenant: bench.origin.tenant, conversation: bench.conversation("batch-1") }],
      10,
    );
    expect(loaded[0]?.events.map(({ item }) => item)).toEqual([
      1, 4, 7, 10, 13, 16, 19, 22, 25, 28,
    ]);
    for (const event of loaded[0]?.events ?? [])
      expect(new Uint8Array(event.raw)).toEqual(first.raw);
    const overlapping = webhookOf(batchOf("batch", 40));
    const stored = kinds(await bench.journal.store(overlapping));
    expect(stored).toEqual([...Array(30).fill("duplicate"), ...Array(10).fill("fresh")]);
    const bodies = await bench.database.rows<{ body: Uint8Array }>(
      "SELECT DISTINCT journal_body(tenant_id, at, id) AS body FROM pending WHERE conv = $1",
      [bench.conversation("batch-2")],
    );
    expect(bodies.map(({ body }) => body.length).toSorted((a, b) => a - b)).toEqual([
      first.raw.length,
      overlapping.raw.length,
    ]);
    expect(await bytesOf("batch")).toBe(first.raw.length + overlapping.raw.length);
  });

  test("is parked with the body, whichever of its events fails", async () => {
    const webhook = webhookOf(batchOf("parked", 3));
    await bench.journal.store(webhook);
    const lane = { tenant: bench.origin.tenant, conversation: bench.conversation("parked-2") };
    const [first] = (await bench.store.load([lane], 1))[0]?.events ?? [];
    const failure = { eventId: first?.id ?? "", reason: "for the test", counted: false };
    for (let n = 0; n < 5; n += 1) await bench.store.fail(lane, failure);
    const [row] = await bench.database.rows<{ raw: Uint8Array; item: number }>(
      "SELECT raw, item FROM parked WHERE reason = 'for the test'",
    );
    expect(row?.item).toBe(2);
    expect(new Uint8Array(row?.raw ?? [])).toEqual(webhook.raw);
  });
});

describe("one event of the platform", () => {
  test("is stored once and leaves one open event with the body as it came", async () => {
    const webhook = webhookOf([said("once", "once")]);
    expect(kinds(await bench.journal.store(webhook))).toEqual(["fresh"]);
    expect(kinds(await bench.journal.store(webhook))).toEqual(["duplicate"]);
    const rows = await bench.database.rows<{ raw: Uint8Array; kind: string }>(
      "SELECT raw, kind FROM pending JOIN journal USING (tenant_id, conv, id) WHERE conv = $1",
      [bench.conversation("once")],
    );
    expect(rows.map(({ kind }) => kind)).toEqual(["client_message"]);
    expect(new Uint8Array(rows[0]?.raw ?? [])).toEqual(webhook.raw);
  });

  test("is stored once when a hundred copies come at the same time over several connections", async () => {
    const pools = Array.from({ length: 5 }, () => pipelineDatabase(bench.database.url));
    const journals = pools.map((pool) => createJournal(pool));
    const copies = Array.from({ length: 100 }, (_, i) =>
      journals[i % journals.length]?.store(webhookOf([said("storm")])),
    );
    const stored = (await Promise.all(copies)).flatMap((one) => kinds(one ?? []));
    await Promise.all(pools.map((pool) => pool.close()));
    expect(stored.filter((kind) => kind === "fresh")).toHaveLength(1);
    expect(stored.filter((kind) => kind === "duplicate")).toHaveLength(99);
    expect(await journaled("storm")).toBe(1);
  });

  test("is stored once when its copies come in one group and in one webhook", async () => {
    const group = await Promise.all(
      Array.from({ length: 100 }, () =>
        bench.journal.store(webhookOf([said("group"), said("group")])),
      ),
    );
    expect(group.flatMap(kinds).filter((kind) => kind === "fresh")).toHaveLength(1);
    expect(await journaled("group")).toBe(1);
  });

  test("is known to a copy only when it is committed: the copy waits for an open transaction", async () => {
    const order: string[] = [];
    await bench.pipeline.lend(async (client) => {
      await client.query("BEGIN");
      await client.query("SELECT * FROM ingest($1, $2)", [
        JSON.stringify([rowOf("open")]),
        Buffer.from("{}"),
      ]);
      const copy = bench.journal
        .store(webhookOf([said("open")]))
        .then((stored) => order.push(...kinds(stored)));
      await lockWaiter();
      order.push("commit");
      await client.query("COMMIT");
      await copy;
    });
    expect(order).toEqual(["commit", "duplicate"]);
  });

  test("is stored by the copy when the first one's transaction fails", async () => {
    await bench.pipeline.lend(async (client) => {
      await client.query("BEGIN");
      await client.query("SELECT * FROM ingest($1, $2)", [
        JSON.stringify([rowOf("failed")]),
        Buffer.from("{}"),
      ]);
      const copy = bench.journal.store(webhookOf([said("failed")]));
      await lockWaiter();
      await client.query("ROLLBACK");
      expect(kinds(await copy)).toEqual(["fresh"]);
    });
  });

  test("of two tenants or two buckets is two events", async () => {
    const rows = [
      rowOf("same"),
      { ...rowOf("same"), o: 1, t: 9 },
      { ...rowOf("same"), o: 2, b: 24_000 },
    ];
    const stored = await bench.database.rows("SELECT o FROM ingest($1, $2)", [
      JSON.stringify(rows),
      Buffer.from("{}"),
    ]);
    expect(stored).toHaveLength(3);
  });

  const rowOf = (key: string) => ({
    o: 0,
    t: bench.origin.tenant,
    g: bench.origin.id,
    b: 0,
    k: key,
    c: bench.conversation("1"),
    y: "client_message",
    r: null,
    f: 1,
    n: 2,
    i: 0,
    d: 1,
  });

  /** Resolves when some statement of this database waits for another transaction. */
  async function lockWaiter(): Promise<void> {
    const waits =
      "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while ((await bench.database.count(waits)) === 0);
  }
});

describe("what copies leave behind", () => {
  test("absorbed copies are counted per origin", async () => {
    const counted = () =>
      bench.database.count("SELECT coalesce(sum(copies), 0) FROM origin_duplicates");
    const before = await counted();
    await Promise.all(
      Array.from({ length: 7 }, () => bench.journal.store(webhookOf([said("counted")]))),
    );
    expect((await counted()) - before).toBe(6);
  });
});

describe("the order", () => {
  test("of ids is the order inside the webhook, and of webhooks of one conversation", async () => {
    const keys = ["z", "m", "a", "k", "b"].map((key) => `order-${key}`);
    const [first, second] = await Promise.all([
      bench.storeWebhook(keys.map((key) => said(key))),
      bench.storeWebhook(["y", "c"].map((key) => said(`order-${key}`))),
    ]);
    const ids = [...(first ?? []), ...(second ?? [])].map(({ id }) => BigInt(id));
    expect(ids).toHaveLength(7);
    expect(ids).toEqual(ids.toSorted((a, b) => Number(a - b)));
  });

  test("of ids follows the acknowledgements, over any connections", async () => {
    const pools = Array.from({ length: 3 }, () => pipelineDatabase(bench.database.url));
    const journals = pools.map((pool) => createJournal(pool));
    let last = 0n;
    for (let i = 0; i < 30; i += 1) {
      const stored = await journals[i % 3]?.store(webhookOf([said(`ack-${i}`)]));
      const [only] = stored ?? [];
      if (only?.type !== "fresh") throw new Error("not stored");
      expect(BigInt(only.event.id)).toBeGreaterThan(last);
      last = BigInt(only.event.id);
    }
    await Promise.all(pools.map((pool) => pool.close()));
  });
});

describe("what PostgreSQL refuses", () => {
  test("fails its own webhook alone; its neighbours of the group are stored", async () => {
    const keys = ["fine-1", "nul-\0", "fine-2", "lone-\ud800", "fine-3"];
    const ends = await Promise.allSettled(
      keys.map((key) => bench.journal.store(webhookOf([said(key, "neighbours")]))),
    );
    expect(ends.map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
    expect(
      await bench.database.count("SELECT count(*) FROM pending WHERE conv = $1", [
        bench.conversation("neighbours"),
      ]),
    ).toBe(3);
  });

  test("is not stored in part: a webhook is stored whole or not at all", async () => {
    await expect(
      bench.journal.store(webhookOf([said("half-1", "half"), said("half-\0", "half")])),
    ).rejects.toThrow();
    expect(
      await bench.database.count("SELECT count(*) FROM event_keys WHERE key LIKE 'half%'"),
    ).toBe(0);
  });

  test("may be any bytes in the body: they are kept as they came", async () => {
    const raw = new Uint8Array([0, 255, 128, 10, 39, 92, 0]);
    const webhook = { ...webhookOf([said("bytes", "bytes")]), raw };
    await bench.journal.store(webhook);
    const [row] = await bench.database.rows<{ raw: Uint8Array }>(
      "SELECT raw FROM journal WHERE conv = $1",
      [bench.conversation("bytes")],
    );
    expect(new Uint8Array(row?.raw ?? [])).toEqual(raw);
  });
});

describe("what is not to be applied", () => {
  test("is journaled with its reason, once, and opens no work", async () => {
    const webhook = {
      ...webhookOf([]),
      events: [{ key: { bucket: 0, key: "odd" }, ignored: "unknown_hook" }],
    };
    expect(await bench.journal.store(webhook)).toEqual([
      { type: "ignored", reason: "unknown_hook" },
    ]);
    expect(kinds(await bench.journal.store(webhook))).toEqual(["duplicate"]);
    const rows = await bench.database.rows(
      "SELECT conv, kind, ignored FROM journal WHERE ignored IS NOT NULL",
    );
    expect(rows).toEqual([{ conv: null, kind: "ignored", ignored: "unknown_hook" }]);
  });

  test("a webhook without events is stored as it is: there is nothing to store", async () => {
    expect(await bench.journal.store(webhookOf([]))).toEqual([]);
  });
});

describe("while PostgreSQL is away", () => {
  async function refusedWithin(database: Database): Promise<number> {
    const journal = createJournal(database);
    const begun = systemClock.monotonic();
    const ends = await Promise.allSettled(
      Array.from({ length: 300 }, (_, i) => journal.store(webhookOf([said(`away-${i}`)]))),
    );
    const took = systemClock.monotonic() - begun;
    expect(ends.every(({ status }) => status === "rejected")).toBe(true);
    return took;
  }

  test("a webhook is refused within a second when nobody listens", async () => {
    const database = pipelineDatabase("postgres://nobody@127.0.0.1:1/none", {
      statementTimeoutMs: 700,
    });
    expect(await refusedWithin(database)).toBeLessThan(1_000);
    await database.close();
  });

  test("a webhook is refused within a second when the server does not answer", async () => {
    const proxy = startPostgresLink(bench.database.url);
    const database = pipelineDatabase(proxy.url, { statementTimeoutMs: 700 });
    await createJournal(database).store(webhookOf([said("before the silence")]));
    proxy.muteServer();
    expect(await refusedWithin(database)).toBeLessThan(1_000);
    proxy.cut();
    expect(
      kinds(await createJournal(database).store(webhookOf([said("after the silence")]))),
    ).toEqual(["fresh"]);
    await database.close();
    proxy.close();
  });

  test("who was refused is not stored later in place of those who still wait", async () => {
    const asked: number[] = [];
    const { promise: stuck, resolve: release } = Promise.withResolvers<readonly never[]>();
    const database: Database = {
      query: (_, values) => {
        asked.push(JSON.parse(String(values[0])).length);
        return stuck;
      },
      lend: () => Promise.reject(new Error("unused")),
      close: async () => undefined,
    };
    let now = 0;
    const journal = createJournal(database, { now: () => now, monotonic: () => now });
    const webhooks = Array.from({ length: 3 * 256 }, (_, i) =>
      journal.store(webhookOf([said(`late-${i}`)])).catch(() => undefined),
    );
    await Promise.all(webhooks);
    now = 10_000;
    release([]);
    const living = journal.store(webhookOf([said("living")]));
    await living;
    expect(asked).toEqual([256, 256, 1]);
  });
});
