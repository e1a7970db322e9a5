import { describeError } from "../core/errors.ts";
import type { Database, Statement } from "../platform/postgres/database.ts";
import type { RedisClient } from "../platform/redis/redis.ts";
import type { Metrics } from "../platform/telemetry/metrics.ts";
import type { Roster } from "./roster.ts";

/** One thing that is looked at, with a sentence for people. */
export type Check = {
  readonly status: "ok" | "degraded" | "down";
  readonly message: string;
} & Readonly<Record<string, unknown>>;

export type HealthReport = {
  readonly status: Check["status"];
  readonly checks: Readonly<Record<string, Check>>;
};

export type HealthParts = {
  readonly database: Database;
  readonly redis: RedisClient;
  readonly roster: Roster;
  readonly metrics: Metrics;
  /** What was found at start and stays true: missing role, unsafe settings. */
  readonly warnings: () => Promise<readonly string[]>;
};

const openWork: Statement = { name: "open_work", text: "SELECT * FROM open_work($1)" };
const activeHolds: Statement = { name: "active_holds_named", text: "SELECT * FROM active_holds()" };

type OpenWorkRow = {
  readonly pending: string;
  readonly pending_oldest_ms: number | null;
  readonly outbox: string;
  readonly outbox_oldest_ms: number | null;
  readonly parked_events: string;
  readonly parked_deliveries: string;
};
type HoldRow = {
  readonly tenant_id: number;
  readonly origin_id: number;
  readonly reason: string;
  readonly left_ms: number;
};

/** Counting stops here; nobody needs to know a backlog more exactly, and it would cost. */
const countedMax = 100_000;
/** A report is given to everybody who asks within this time, ms. */
const reportLifeMs = 500;

/** Looks at everything the pipeline needs. `down` only when PostgreSQL is: without Redis webhooks are still stored. */
export function createHealth(parts: HealthParts): () => Promise<HealthReport> {
  let last: { readonly at: number; readonly report: Promise<HealthReport> } | null = null;
  return () => {
    const now = performance.now();
    if (last === null || now - last.at > reportLifeMs) last = { at: now, report: look(parts) };
    return last.report;
  };
}

async function look(parts: HealthParts): Promise<HealthReport> {
  const [postgres, redis, workers] = await Promise.all([
    lookAtPostgres(parts),
    lookAtRedis(parts.redis),
    lookAtWorkers(parts),
  ]);
  const settings = settingsCheck(await parts.warnings().catch(() => []));
  const checks = { ...postgres, redis, workers, settings };
  const states = Object.values(checks).map((check) => check.status);
  return {
    status: states.includes("down") ? "down" : states.includes("degraded") ? "degraded" : "ok",
    checks,
  };
}

async function lookAtPostgres(parts: HealthParts): Promise<Readonly<Record<string, Check>>> {
  try {
    const [[work], holds] = await Promise.all([
      parts.database.query<OpenWorkRow>(openWork, [countedMax]),
      parts.database.query<HoldRow>(activeHolds, []),
    ]);
    if (work === undefined) throw new Error("open_work returned nothing");
    return {
      postgres: { status: "ok", message: "PostgreSQL answers." },
      ...queueChecks(parts.metrics, work),
      origins: holdsCheck(holds),
    };
  } catch (error) {
    return {
      postgres: {
        status: "down",
        message: `PostgreSQL does not answer (${describeError(error)}); webhooks are refused with 503.`,
      },
    };
  }
}

function queueChecks(
  metrics: Metrics,
  work: OpenWorkRow,
): Readonly<Record<"messages" | "outbox" | "parked", Check>> {
  const messages = queueCheck("messages", Number(work.pending), work.pending_oldest_ms);
  const outbox = queueCheck("outbox", Number(work.outbox), work.outbox_oldest_ms);
  for (const queue of [messages, outbox]) {
    metrics.queueDepth.set({ queue: queue.queue }, queue.size);
    metrics.queueOldestSeconds.set({ queue: queue.queue }, queue.oldestSeconds);
  }
  const events = Number(work.parked_events);
  const deliveries = Number(work.parked_deliveries);
  metrics.queueDepth.set({ queue: "parked_events" }, events);
  metrics.queueDepth.set({ queue: "parked_deliveries" }, deliveries);
  return {
    messages,
    outbox,
    parked: {
      status: "ok",
      message: `${events} events and ${deliveries} deliveries are parked.`,
      events,
      deliveries,
    },
  };
}

function queueCheck(queue: string, size: number, oldestMs: number | null) {
  const oldestSeconds = Math.max(0, Math.round((oldestMs ?? 0) / 100) / 10);
  const message =
    size === 0
      ? `Nothing waits in ${queue}.`
      : `${size} wait in ${queue}, the oldest for ${oldestSeconds} s.`;
  return { status: "ok", message, queue, size, oldestSeconds } as const;
}

function holdsCheck(holds: readonly HoldRow[]): Check {
  const held = holds.map((hold) => ({
    tenant: hold.tenant_id,
    origin: hold.origin_id,
    reason: hold.reason,
    seconds: Math.ceil(hold.left_ms / 1_000),
  }));
  const serious = held.filter((hold) => hold.reason !== "throttled");
  if (held.length === 0) return { status: "ok", message: "No origin is on hold." };
  const names = held
    .map((hold) => `origin ${hold.origin} for ${hold.seconds} s (${hold.reason})`)
    .join(", ");
  return { status: serious.length > 0 ? "degraded" : "ok", message: `On hold: ${names}.`, held };
}

async function lookAtRedis(redis: RedisClient): Promise<Check> {
  try {
    await redis.raw.ping();
    return { status: "ok", message: "Redis answers." };
  } catch (error) {
    return {
      status: "degraded",
      message: `Redis does not answer (${describeError(error)}); webhooks are stored and wait.`,
    };
  }
}

async function lookAtWorkers(parts: HealthParts): Promise<Check> {
  const roles = await parts.roster.counts();
  if (roles === null)
    return { status: "degraded", message: "Live processes are not known while Redis is away." };
  const live = Object.entries(roles)
    .map(([role, count]) => `${count} ${role}`)
    .join(", ");
  const workers = (roles["worker"] ?? 0) + (roles["all"] ?? 0);
  const senders = (roles["outbox"] ?? 0) + (roles["all"] ?? 0);
  if (workers === 0 || senders === 0) {
    return {
      status: "degraded",
      message: `No live ${workers === 0 ? "worker" : "outbox"} process; live are: ${live || "none"}.`,
      roles,
    };
  }
  return { status: "ok", message: `Live: ${live}.`, roles };
}

function settingsCheck(warnings: readonly string[]): Check {
  return warnings.length === 0
    ? { status: "ok", message: "Settings are safe." }
    : { status: "degraded", message: warnings.join(" "), warnings };
}
