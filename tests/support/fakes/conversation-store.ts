import type {
  ConversationStore,
  LaneCommit,
  LoadedLane,
  Verdict,
} from "../../../src/conversation/store.ts";
import type { GroupRows } from "../../../src/conversation/rows.ts";
import { type ConversationId, originId } from "../../../src/core/ids.ts";
import type { LaneName } from "../../../src/lane/lanes.ts";
import { readRows, refuseBadRows, writeRows } from "./commit-rows.ts";
import { fail, suspect } from "./conversation-failures.ts";
import {
  conversationOf,
  type FakeStoreOptions,
  type StoreMutants,
} from "./conversation-options.ts";
import {
  addPending,
  openDeliveries,
  openEvents,
  type PendingRow,
  removePending,
  seqKey,
  type Tables,
} from "./tables.ts";

/** The statements of the lane protocol on tables in memory. */
export function createFakeConversationStore(options: FakeStoreOptions): ConversationStore {
  const { tables } = options;
  return {
    load: async (lanes, eventsMax) => lanes.map((lane) => load(options, lane, eventsMax)),
    commit: async (lanes, rows) => commit(options, lanes, rows),
    fail: async (lane, failure) => fail(options, lane, failure),
    suspect: async (lane) => suspect(options, lane),
    echoFacts: async (echoes) =>
      echoes.map(({ i, c, g, m }) => ({ i, ...echoFactsOf(tables, { c, g, m }) })),
    stranded: async ({ after, ageMs, limit }) =>
      [...tables.pending]
        .flatMap(([conversation, rows]) => rows.map((row) => ({ conversation, row })))
        .filter(({ row }) => row.id > Number(after) && row.at < tables.now() - ageMs)
        .toSorted((a, b) => a.row.id - b.row.id)
        .slice(0, limit)
        .map(({ conversation, row }) => ({
          tenant: row.tenant,
          conversation,
          id: String(row.id),
          waitMs: row.nextAt === null ? null : row.nextAt - tables.now(),
        })),
    dueTimers: async ({ limit, offset }) =>
      [...tables.timers]
        .filter(([, { dueAt }]) => dueAt <= tables.now())
        .toSorted(([a, one], [b, other]) => one.dueAt - other.dueAt || (a < b ? -1 : 1))
        .slice(offset, offset + limit)
        .map(([conversation, { tenant }]) => ({ tenant, conversation })),
    postponeTimer: async ({ conversation }, waitMs) => {
      const timer = tables.timers.get(conversation);
      if (timer === undefined || timer.dueAt > tables.now()) return;
      tables.timers.set(conversation, { ...timer, dueAt: tables.now() + waitMs });
    },
  };
}

function load(
  { tables, mutants = {} }: FakeStoreOptions,
  { conversation }: LaneName,
  eventsMax: number,
): LoadedLane {
  const row = tables.conversations.get(conversation);
  const events = seen(tables, conversation, mutants).slice(0, eventsMax + 1);
  return {
    version: row?.version ?? 0,
    state: row?.state === undefined || row.state === null ? null : JSON.parse(row.state),
    origin: row?.origin ?? null,
    dueAt: tables.timers.get(conversation)?.dueAt ?? null,
    now: tables.now(),
    events: events.map((event) => loadedEvent(tables, event)),
  };
}

function seen(
  tables: Tables,
  conversation: ConversationId,
  { watermark }: StoreMutants,
): readonly PendingRow[] {
  const open = openEvents(tables, conversation);
  const high = watermark === true ? (watermarks.get(tables)?.get(conversation) ?? 0) : 0;
  return open.filter(({ id }) => id > high);
}

/** The highest applied ids, for the mutant that believes in them. */
const watermarks = new WeakMap<Tables, Map<ConversationId, number>>();

function loadedEvent(tables: Tables, event: PendingRow): LoadedLane["events"][number] {
  const journal = tables.journal.get(event.id);
  return {
    id: String(event.id),
    at: event.at,
    attempts: event.attempts,
    waitMs: event.nextAt === null ? null : event.nextAt - tables.now(),
    origin: journal?.origin ?? originId(0),
    item: journal?.item ?? 0,
    raw: journal?.raw ?? new Uint8Array(),
  };
}

function commit(
  options: FakeStoreOptions,
  lanes: readonly LaneCommit[],
  given: GroupRows,
): readonly Verdict[] {
  const { tables } = options;
  const rows = readRows(given);
  const verdicts = lanes.map((lane) => judge(options, lane));
  const accepted = lanes.filter((_, place) => verdicts[place] === "done");
  refuseBadRows(tables, rows, { lanes: accepted, keysMayRepeat: options.mutants?.noVersionCheck });
  for (const lane of lanes) if (lane.v === 0) conversationOf(tables, lane);
  for (const lane of accepted) {
    accept(tables, lane);
    options.onCommit?.({ lane, ids: lane.x.map(Number) });
  }
  const { onDelivery } = options;
  writeRows(tables, rows, { accepted: new Set(accepted.map(({ i }) => i)), onDelivery });
  return verdicts;
}

function judge(options: FakeStoreOptions, lane: LaneCommit): Verdict {
  const { tables, mutants = {}, isLocked } = options;
  const version = tables.conversations.get(lane.c)?.version ?? (lane.v === 0 ? 0 : null);
  const current = mutants.noVersionCheck === true ? version !== null : version === lane.v;
  if (!current || isLocked?.(lane.c) === true) return "stale";
  const named = new Set(lane.x.map(Number));
  const below = openEvents(tables, lane.c).filter(({ id }) => id <= Number(lane.m));
  const mine = below.filter(({ id }) => named.has(id)).length;
  if (mine !== lane.x.length && mutants.noPresenceCheck !== true) return "gone";
  if (lane.f && below.length > mine && mutants.noGapCheck !== true) return "gap";
  return "done";
}

function accept(tables: Tables, lane: LaneCommit): void {
  const row = conversationOf(tables, lane);
  removePending(tables, lane.c, new Set(lane.x.map(Number)));
  row.version += 1;
  row.ownerEpoch = lane.e;
  row.state = JSON.stringify(lane.s);
  if (lane.d !== null) tables.timers.set(lane.c, { tenant: lane.t, dueAt: lane.d });
  if (lane.r) tables.timers.delete(lane.c);
  const high = watermarks.get(tables) ?? new Map<ConversationId, number>();
  high.set(lane.c, Math.max(high.get(lane.c) ?? 0, Number(lane.m)));
  watermarks.set(tables, high);
}

function echoFactsOf(
  tables: Tables,
  { c, g, m }: { readonly c: ConversationId; readonly g: number; readonly m: string },
): {
  readonly ours: boolean;
  readonly in_flight: boolean;
  readonly unsettled: readonly {
    readonly seq: string;
    readonly n: number;
    readonly text: string;
  }[];
} {
  const attempts = [...tables.attempts.values()];
  const unsettled = attempts.filter(
    ({ conversation, outcome, messageId }) =>
      conversation === c && messageId === null && (outcome === "unknown" || outcome === "sent"),
  );
  return {
    ours: attempts.some(({ origin, messageId }) => origin === g && messageId === m),
    in_flight: openDeliveries(tables, c).some(({ status }) => status === "sending"),
    unsettled: unsettled.flatMap(({ seq, n }) => {
      const text = tables.messages.get(seqKey(c, seq))?.text;
      return text === undefined ? [] : [{ seq: String(seq), n, text }];
    }),
  };
}

/** Puts an event where `ingest` puts it; for tests that begin behind the journal. */
export function addEvent(
  tables: Tables,
  event: LaneName & {
    readonly id: number;
    readonly origin: number;
    readonly raw: Uint8Array;
    readonly item?: number;
    /** When it was received, ms; now if not given. */
    readonly at?: number;
  },
): void {
  const { id, tenant, conversation, origin, raw, item = 0, at = tables.now() } = event;
  tables.journal.set(id, { at, origin: originId(origin), raw, item });
  const row = { tenant, id, at, attempts: 0, nextAt: null };
  addPending(tables, conversation, row);
}
