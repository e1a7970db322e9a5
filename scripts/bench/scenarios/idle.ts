import { until } from "../../services/until.ts";
import type { Figures } from "../figures/figures.ts";
import type { Bench, Scenario } from "../scenario.ts";
import { onStage, type Stage } from "../stage.ts";
import type { FreshStores } from "../stores.ts";
import { hookdesk } from "../systems/hookdesk.ts";
import { planOf, warmUp } from "./dialogs.ts";
import { faultsOf } from "./faults.ts";

const clients = { full: 200_000, smoke: 500 } as const;
/** Each says hello and gives an address, and is then waited for: the state holds something. */
const messagesEach = 2;
/** So many write at once, each when the former message was answered: as fast as it goes, without a backlog. */
const concurrency = 128;
const firstClient = 1_000_000;
/** How long the last outcomes may take to be recorded, ms. */
const restDeadlineMs = 15_000;

/** What conversations cost that nobody writes in at the moment, but that may go on at any time. */
export const idle: Scenario = {
  name: "idle",
  asserts: "every client is answered, and nothing is left open",
  run: (bench, figures) =>
    onStage(bench, hookdesk, { workers: true, work: (stage) => measure(bench, stage, figures) }),
};

async function measure(bench: Bench, stage: Stage, figures: Figures): Promise<readonly string[]> {
  const count = bench.smoke ? clients.smoke : clients.full;
  await warmUp(bench, stage);
  const before = await sizesOf(stage.stores);
  const load = await bench.generator.prepare(
    planOf(stage, { first: firstClient, count, to: messagesEach }),
  );
  const posted = await load.post({ type: "walk", concurrency, next: "answered" });
  const settled = await load.settle();
  const rests = await until(() => nothingOpen(stage.stores), { deadlineMs: restDeadlineMs });
  note(figures, { before, after: await sizesOf(stage.stores), count });
  return [...faultsOf(posted, settled), ...(rests === undefined ? ["work was left open"] : [])];
}

type Sizes = {
  readonly redisBytes: number;
  readonly redisKeys: number;
  readonly tables: ReadonlyMap<string, number>;
};

/** Partitions count as their table. */
const tableSizes = `
  SELECT coalesce(parent.relname, c.relname) AS name, sum(pg_total_relation_size(c.oid))::float8 AS bytes
  FROM pg_class c
  LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
  LEFT JOIN pg_class parent ON parent.oid = i.inhparent
  WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
  GROUP BY 1`;

/** After the dead rows are cleared away, as autovacuum would do it in time. */
async function sizesOf({ sql, redis }: FreshStores): Promise<Sizes> {
  await sql.query("VACUUM");
  const { rows } = await sql.query<{ name: string; bytes: number }>(tableSizes);
  const memory = await redis.info("memory");
  return {
    redisBytes: Number(/used_memory:(\d+)/.exec(memory)?.[1]),
    redisKeys: await redis.dbsize(),
    tables: new Map(rows.map(({ name, bytes }) => [name, bytes])),
  };
}

async function nothingOpen({ sql }: FreshStores): Promise<true | undefined> {
  const open = await sql.query("SELECT FROM pending UNION ALL SELECT FROM outbox LIMIT 1");
  return open.rowCount === 0 ? true : undefined;
}

function note(
  figures: Figures,
  seen: { readonly before: Sizes; readonly after: Sizes; readonly count: number },
): void {
  const { before, after, count } = seen;
  const system = hookdesk.name;
  const grown = [...after.tables]
    .map(([name, bytes]): [string, number] => [name, bytes - (before.tables.get(name) ?? 0)])
    .filter(([, bytes]) => bytes > 0)
    .toSorted(([, a], [, b]) => b - a);
  const total = grown.reduce((sum, [, bytes]) => sum + bytes, 0);
  figures.note(system, "conversations", count);
  figures.note(
    system,
    "Redis bytes per conversation",
    (after.redisBytes - before.redisBytes) / count,
  );
  figures.note(system, "Redis keys per conversation", (after.redisKeys - before.redisKeys) / count);
  figures.note(system, "PostgreSQL bytes per conversation", total / count);
  for (const [name, bytes] of grown)
    figures.note(system, `PostgreSQL bytes per conversation: ${name}`, bytes / count);
}
