import type { ConversationId, OriginId, TenantId } from "../core/ids.ts";
import type { LaneName } from "../lane/lanes.ts";
import type { Database, Statement } from "../platform/postgres/database.ts";
import type { GroupRows } from "./rows.ts";

/** The statements of the lane protocol; what they promise is written beside them in `migrations/000006_lanes.sql`. */
export type ConversationStore = {
  readonly load: (lanes: readonly LaneName[], eventsMax: number) => Promise<readonly LoadedLane[]>;
  readonly commit: (lanes: readonly LaneCommit[], rows: GroupRows) => Promise<readonly Verdict[]>;
  readonly fail: (
    lane: LaneName,
    failure: {
      readonly eventId: string;
      readonly reason: string;
      /** `suspect` has counted this attempt already. */
      readonly counted: boolean;
    },
  ) => Promise<FailedEvent>;
  /** Counts an attempt at the first open event before it is begun, or parks it when it has used up its attempts. */
  readonly suspect: (lane: SuspectedLane) => Promise<Suspected>;
  readonly echoFacts: (echoes: readonly EchoQuestion[]) => Promise<readonly EchoAnswer[]>;
  readonly stranded: (page: {
    readonly after: string;
    readonly ageMs: number;
    readonly limit: number;
  }) => Promise<readonly StrandedLane[]>;
  readonly dueTimers: (page: {
    readonly limit: number;
    readonly offset: number;
  }) => Promise<readonly LaneName[]>;
  readonly postponeTimer: (lane: LaneName, waitMs: number) => Promise<void>;
};

export type LoadedEvent = {
  readonly id: string;
  readonly at: number;
  readonly attempts: number;
  /** Ms until it may be tried again; null or negative when it may. */
  readonly waitMs: number | null;
  readonly origin: OriginId;
  readonly item: number;
  /** The body it came in; events of one body have one and the same. */
  readonly raw: Uint8Array;
};

export type LoadedLane = {
  readonly version: number;
  readonly state: unknown;
  readonly origin: OriginId | null;
  readonly dueAt: number | null;
  readonly now: number;
  /** In order; one more than asked for means that there are more. */
  readonly events: readonly LoadedEvent[];
};

export type LaneCommit = {
  readonly i: number;
  readonly t: TenantId;
  readonly c: ConversationId;
  readonly o: OriginId;
  readonly n: string | null;
  readonly v: number;
  readonly s: unknown;
  readonly e: number;
  readonly f: boolean;
  readonly x: readonly string[];
  readonly m: string;
  readonly d: number | null;
  readonly r: boolean;
};

export type Verdict = "done" | "stale" | "gone" | "gap";
/** `tries` counts the claims since the last release: without any, whoever began last is alive. */
export type SuspectedLane = LaneName & { readonly tries: number };
export type Suspected = "none" | "counted" | "parked";
export type FailedEvent = { readonly parked: boolean; readonly waitMs: number };
export type EchoQuestion = {
  readonly i: number;
  readonly t: TenantId;
  readonly c: ConversationId;
  readonly g: OriginId;
  readonly m: string;
};
export type EchoAnswer = {
  readonly i: number;
  readonly ours: boolean;
  readonly in_flight: boolean;
  readonly unsettled: readonly {
    readonly seq: string;
    readonly n: number;
    readonly text: string;
  }[];
};
export type StrandedLane = LaneName & { readonly id: string; readonly waitMs: number | null };

/** An event is parked after this many failed attempts. */
export const attemptsMax = 5;
/** Why an event is counted, and at last parked, before it is decided. */
const suspectReason = "the processes that handled it died";

const statements = {
  load: { name: "load_lanes", text: "SELECT * FROM load_lanes($1::json, $2)" },
  commit: {
    name: "commit_lanes",
    text: "SELECT i, verdict FROM commit_lanes($1::json, $2::json, $3::json, $4::json, $5::json)",
  },
  fail: { name: "fail_event", text: "SELECT * FROM fail_event($1, $2, $3, $4, $5, $6)" },
  suspect: { name: "suspect_event", text: "SELECT suspect_event($1, $2, $3, $4, $5) AS verdict" },
  echo: { name: "echo_facts", text: "SELECT * FROM echo_facts($1::json)" },
  stranded: { name: "stranded_lanes", text: "SELECT * FROM stranded_lanes($1, $2, $3)" },
  due: { name: "due_timers", text: "SELECT * FROM due_timers($1, $2)" },
  postpone: { name: "postpone_timer", text: "SELECT postpone_timer($1, $2, $3)" },
} satisfies Record<string, Statement>;

type LoadRow = {
  readonly i: number;
  readonly version: string | null;
  readonly state: unknown;
  readonly origin_id: OriginId | null;
  readonly due_ms: number | null;
  readonly now_ms: number;
  readonly id: string | null;
  readonly at_ms: number;
  readonly attempts: number;
  readonly wait_ms: number | null;
  readonly event_origin: OriginId;
  readonly item: number;
  readonly raw: Uint8Array | null;
};
type LaneRow = { readonly tenant_id: TenantId; readonly conv: ConversationId };

/** Every call is one statement and rejects as PostgreSQL or the connection says; see `platform/postgres/failure.ts`. */
export function createConversationStore(database: Database): ConversationStore {
  return {
    load: async (lanes, eventsMax) => {
      const names = lanes.map((lane, i) => ({ i, t: lane.tenant, c: lane.conversation }));
      const rows = await database.query<LoadRow>(statements.load, [
        JSON.stringify(names),
        eventsMax,
      ]);
      return groupByLane(rows, lanes.length);
    },
    commit: async (lanes, rows) => {
      const verdicts = await database.query<{ i: number; verdict: Verdict }>(
        statements.commit,
        commitValues(lanes, rows),
      );
      const byPlace = new Map(verdicts.map((row) => [row.i, row.verdict]));
      return lanes.map((lane) => byPlace.get(lane.i) ?? "stale");
    },
    fail: async (lane, failure) => {
      const { eventId, reason, counted } = failure;
      const values = [lane.tenant, lane.conversation, eventId, reason, attemptsMax, counted];
      const rows = await database.query<{ parked: boolean; wait_ms: number }>(
        statements.fail,
        values,
      );
      return { parked: rows[0]?.parked ?? false, waitMs: rows[0]?.wait_ms ?? 0 };
    },
    suspect: async (lane) => {
      const { tenant, conversation, tries } = lane;
      const values = [tenant, conversation, suspectReason, attemptsMax, tries === 0];
      const rows = await database.query<{ verdict: Suspected }>(statements.suspect, values);
      return rows[0]?.verdict ?? "none";
    },
    echoFacts: (echoes) => database.query<EchoAnswer>(statements.echo, [JSON.stringify(echoes)]),
    stranded: async (page) => {
      const rows = await database.query<LaneRow & { id: string; wait_ms: number | null }>(
        statements.stranded,
        [page.after, page.ageMs, page.limit],
      );
      return rows.map((row) => ({
        tenant: row.tenant_id,
        conversation: row.conv,
        id: row.id,
        waitMs: row.wait_ms,
      }));
    },
    dueTimers: async (page) => {
      const rows = await database.query<LaneRow>(statements.due, [page.limit, page.offset]);
      return rows.map((row) => ({ tenant: row.tenant_id, conversation: row.conv }));
    },
    postponeTimer: async (lane, waitMs) => {
      await database.query(statements.postpone, [lane.tenant, lane.conversation, waitMs]);
    },
  };
}

/** The parameters of `commit_lanes`: what most lanes leave behind as rows of its own text, the rest by kind or not at all. */
function commitValues(lanes: readonly LaneCommit[], rows: GroupRows): readonly (string | null)[] {
  const named = lanes.map((lane) => ({ ...lane, x: `{${lane.x.join(",")}}` }));
  const rare = Object.groupBy(rows.rare, (row) => row.k);
  return [
    JSON.stringify(named),
    JSON.stringify(rows.messages),
    JSON.stringify(rows.logs),
    JSON.stringify(rows.outbox),
    rows.rare.length === 0 ? null : JSON.stringify(rare),
  ];
}

function groupByLane(rows: readonly LoadRow[], lanes: number): readonly LoadedLane[] {
  const byLane: LoadRow[][] = Array.from({ length: lanes }, () => []);
  for (const row of rows) byLane[row.i]?.push(row);
  return byLane.map((own) => {
    const first = own[0];
    if (first === undefined) throw new Error("load_lanes left a lane out");
    return {
      version: Number(first.version ?? 0),
      state: first.state,
      origin: first.origin_id,
      dueAt: first.due_ms,
      now: first.now_ms,
      events: loadedEvents(own),
    };
  });
}

function loadedEvents(rows: readonly LoadRow[]): readonly LoadedEvent[] {
  let raw: Uint8Array = new Uint8Array();
  return rows.flatMap((row) => {
    if (row.id === null) return [];
    raw = row.raw ?? raw;
    return [loadedEvent(row.id, row, raw)];
  });
}

function loadedEvent(id: string, row: LoadRow, raw: Uint8Array): LoadedEvent {
  return {
    id,
    at: row.at_ms,
    attempts: row.attempts,
    waitMs: row.wait_ms,
    origin: row.event_origin,
    item: row.item,
    raw,
  };
}
