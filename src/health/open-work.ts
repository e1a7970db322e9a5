import type { Database, Statement } from "../platform/postgres/database.ts";

/** Everything that is stored and not done, and whom we may not call. */
export type OpenWork = {
  readonly messages: Backlog;
  readonly outbox: Backlog;
  readonly parkedEvents: number;
  readonly parkedDeliveries: number;
  readonly holds: readonly Hold[];
  readonly connections: readonly OriginConnection[];
};

/** What a platform last said about our webhook. */
export type OriginConnection = {
  readonly origin: number;
  readonly state: string;
  readonly notes: readonly string[];
  readonly sinceSeconds: number;
  /** What was found wrong and mended a short while ago. */
  readonly repaired: { readonly what: string; readonly secondsAgo: number } | null;
};

export type Backlog = { readonly size: number; readonly oldestSeconds: number };

export type Hold = {
  readonly tenant: number;
  readonly origin: number;
  readonly reason: string;
  readonly seconds: number;
};

const ping: Statement = { name: "ping", text: "SELECT 1" };
const openWork: Statement = { name: "open_work", text: "SELECT * FROM open_work($1)" };
const activeHolds: Statement = {
  name: "active_holds_named",
  text: "SELECT * FROM active_holds() WHERE scope = ''",
};

const connectionsNow: Statement = {
  name: "connections_now",
  text: "SELECT * FROM connections_now()",
};
type ConnectionRow = {
  readonly origin_id: number;
  readonly state: string;
  readonly notes: readonly string[];
  readonly since_ms: number;
  readonly repaired: string | null;
  readonly repaired_ms: number | null;
};
/** A repair is told for so long, ms. */
const repairToldMs = 3_600_000;

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

/** Resolves when PostgreSQL answers anything at all. */
export async function askPostgres(database: Database): Promise<void> {
  await database.query(ping, []);
}

/** Reads the open work. @throws when PostgreSQL does not tell. */
export async function readOpenWork(database: Database): Promise<OpenWork> {
  const [work] = await database.query<OpenWorkRow>(openWork, [countedMax]);
  if (work === undefined) throw new Error("open_work returned nothing");
  const holds = await database.query<HoldRow>(activeHolds, []);
  const connections = await database.query<ConnectionRow>(connectionsNow, []);
  return {
    messages: backlog(work.pending, work.pending_oldest_ms),
    outbox: backlog(work.outbox, work.outbox_oldest_ms),
    parkedEvents: Number(work.parked_events),
    parkedDeliveries: Number(work.parked_deliveries),
    holds: holds.map((hold) => ({
      tenant: hold.tenant_id,
      origin: hold.origin_id,
      reason: hold.reason,
      seconds: Math.ceil(hold.left_ms / 1_000),
    })),
    connections: connections.map(connectionOf),
  };
}

function connectionOf(row: ConnectionRow): OriginConnection {
  const told = row.repaired !== null && (row.repaired_ms ?? repairToldMs) < repairToldMs;
  return {
    origin: row.origin_id,
    state: row.state,
    notes: row.notes,
    sinceSeconds: Math.round(row.since_ms / 1_000),
    repaired: told
      ? { what: row.repaired ?? "", secondsAgo: Math.round((row.repaired_ms ?? 0) / 1_000) }
      : null,
  };
}

function backlog(size: string, oldestMs: number | null): Backlog {
  return {
    size: Number(size),
    oldestSeconds: Math.max(0, Math.round((oldestMs ?? 0) / 100) / 10),
  };
}
