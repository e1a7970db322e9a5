import { join } from "node:path";
import { migrate } from "../../../src/platform/postgres/migrate.ts";
import { projectFolder } from "../../services/folders.ts";
import type { Figures } from "../figures/figures.ts";
import type { Posted, Settled } from "../load/commands.ts";
import type { Bench, Scenario } from "../scenario.ts";
import { onStage, type Stage } from "../stage.ts";
import type { FreshStores } from "../stores.ts";
import { hookdesk, token } from "../systems/hookdesk.ts";
import { type Clients, planOf, warmUp } from "./dialogs.ts";
import { faultsOf } from "./faults.ts";
import { fullestWindow } from "./fullest-window.ts";

/** The limit of one origin, how many others there are, and their messages per second together. */
const sizes = {
  full: { limit: { count: 300, windowMs: 60_000 }, origins: 50, perSecond: 200, aloneS: 60 },
  smoke: { limit: { count: 40, windowMs: 2_000 }, origins: 5, perSecond: 50, aloneS: 2 },
} as const;
const windows = 3;
/** Messages of the backlog beyond what the windows can carry. */
const spare = 5;
const backlogConnections = 16;
const dialogMessages = 5;
const limitedClients = 1_000_000;
const othersAlone = 2_000_000;
const othersBeside = 3_000_000;
const msPerS = 1_000;

type Size = (typeof sizes)[keyof typeof sizes];

/** A backlog of replies of an origin with a limit, beside origins without one that share everything with it. */
export const limit: Scenario = {
  name: "limit",
  asserts:
    "no window holds more than the limit, and every client of every origin is answered right",
  run: (bench, figures) => {
    const size = bench.smoke ? sizes.smoke : sizes.full;
    return onStage(bench, hookdesk, {
      workers: true,
      before: (stores) => writeOrigins(stores, size, bench.generator.sinkUrl),
      work: (stage) => measure(bench, stage, figures),
    });
  },
};

async function measure(bench: Bench, stage: Stage, figures: Figures): Promise<readonly string[]> {
  const size = bench.smoke ? sizes.smoke : sizes.full;
  const { count, windowMs } = size.limit;
  await warmUp(bench, stage);
  const alone = await others(bench, stage, { first: othersAlone, seconds: size.aloneS });
  const backlog = await bench.generator.prepare({
    ...planOf(onPaths(stage, [path(limited)]), backlogOf(size)),
    keepArrivals: true,
  });
  const posted = await backlog.post({ type: "rotate", concurrency: backlogConnections });
  const seconds = (windows * windowMs) / msPerS;
  const beside = await others(bench, stage, { first: othersBeside, seconds });
  const settled = await backlog.settle(2 * windowMs);
  const fullest = fullestWindow(settled.arrivalsMs, windowMs);
  noteLimit(figures, { arrivals: settled.arrivalsMs, size, fullest });
  noteOthers(figures, alone.settled, beside.settled);
  return [
    ...[alone, beside, { posted, settled }].flatMap((load) => faultsOf(load.posted, load.settled)),
    ...(fullest > count ? [`${fullest} calls in a window of ${count}`] : []),
  ];
}

const limited = "limited";
const path = (origin: string): string => `/webhook/chat2desk/${origin}`;

function backlogOf({ limit: { count } }: Size): Clients {
  return { first: limitedClients, count: windows * count + spare, to: 1 };
}

/** The same system, with webhooks to these origins. */
function onPaths(stage: Stage, paths: string[]): Stage {
  const target = { ...stage.system.target, paths };
  return { ...stage, system: { ...stage.system, target } };
}

function originNames({ origins }: Size): string[] {
  return Array.from({ length: origins }, (_, index) => `free-${index + 1}`);
}

async function others(
  bench: Bench,
  stage: Stage,
  given: { readonly first: number; readonly seconds: number },
): Promise<{ readonly posted: Posted; readonly settled: Settled }> {
  const size = bench.smoke ? sizes.smoke : sizes.full;
  const count = Math.ceil((size.perSecond * given.seconds) / dialogMessages);
  const load = await bench.generator.prepare(
    planOf(onPaths(stage, originNames(size).map(path)), { first: given.first, count }),
  );
  const posted = await load.post({ type: "rate", perSecond: size.perSecond });
  return { posted, settled: await load.settle() };
}

/** All origins belong to one tenant, which is the harder case: its origins take turns only among themselves. */
async function writeOrigins(
  { sql, databaseUrl }: FreshStores,
  size: Size,
  apiUrl: string,
): Promise<void> {
  await migrate(databaseUrl, join(projectFolder, "migrations"));
  await sql.query("INSERT INTO tenants (name) VALUES ('bench')");
  const insert = `
    INSERT INTO origins (tenant_id, channel, origin_key, api_url, credentials, rate_count, rate_window_ms)
    SELECT tenant_id, 'chat2desk', origin, $2, $3, $4, $5 FROM tenants, unnest($1::text[]) AS origin
    WHERE name = 'bench'`;
  const { count, windowMs } = size.limit;
  // Readable, as an installation without a key of its own stores them.
  const credentials = `plain:${JSON.stringify({ token, signature: "required" })}`;
  await sql.query(insert, [[limited], apiUrl, credentials, count, windowMs]);
  await sql.query(insert, [originNames(size), apiUrl, credentials, 1_000_000, 60_000]);
}

function noteLimit(
  figures: Figures,
  seen: { readonly arrivals: readonly number[]; readonly size: Size; readonly fullest: number },
): void {
  const { count, windowMs } = seen.size.limit;
  const end = (seen.arrivals[0] ?? 0) + windows * windowMs;
  const within = seen.arrivals.filter((at) => at < end).length;
  figures.note(hookdesk.name, `limited: calls in ${windows} windows`, within);
  figures.note(hookdesk.name, "limited: used of the limit, %", (within * 100) / (windows * count));
  figures.note(hookdesk.name, `limited: fullest window, of ${count}`, seen.fullest);
}

function noteOthers(figures: Figures, alone: Settled, beside: Settled): void {
  const system = hookdesk.name;
  for (const share of ["p50", "p99"] as const) {
    const [before, during] = [alone.replyMs[share], beside.replyMs[share]];
    figures.note(system, `others: reply ms alone, ${share}`, before);
    figures.note(system, `others: reply ms beside it, ${share}`, during);
    figures.note(system, `others: beside it ÷ alone, ${share}`, during / before);
  }
}
