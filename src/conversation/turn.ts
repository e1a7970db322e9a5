import type { Channel, ReadEvent } from "../channels/channel.ts";
import { readWebhook } from "../channels/webhook.ts";
import type { ClaimedLane } from "../lane/lanes.ts";
import type { Origin, Origins } from "../tenants/origins.ts";
import type { Arrival } from "./arrival.ts";
import { eventsAllowed } from "./caution.ts";
import { type MailedEvent, readMail } from "./mail.ts";
import { type AnyRun, type ConversationState, newConversation, parseState } from "./state.ts";
import type { LoadedEvent, LoadedLane } from "./store.ts";

/**
 * One lane's turn in a worker: the state it stands on and the events to decide, in order.
 * `fast` turns were read from Redis and must be checked for gaps by the commit; others come from one snapshot of PostgreSQL.
 */
export type Turn<Run extends AnyRun> = {
  readonly lane: ClaimedLane;
  readonly origin: Origin;
  readonly version: number;
  readonly state: ConversationState<Run>;
  readonly arrivals: readonly Arrival[];
  readonly fast: boolean;
  /** PostgreSQL holds more events than these. */
  readonly more: boolean;
  /** PostgreSQL's time when it is to be done what is due, else null. */
  readonly tickAt: number | null;
};

/** What reading a lane gave: a turn, nothing to do, a wait, or an event that cannot be read at all. */
export type Reading<Run extends AnyRun> =
  | { readonly type: "turn"; readonly turn: Turn<Run> }
  | { readonly type: "idle" }
  | { readonly type: "wait"; readonly waitMs: number }
  | { readonly type: "unreadable"; readonly eventId: string; readonly reason: string }
  | { readonly type: "unreadable_state"; readonly reason: string };

export type Readers<Run extends AnyRun> = {
  readonly origins: Origins;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly initialRun: Run;
};

/**
 * A turn from Redis alone, or null when anything is missing and PostgreSQL must be asked. A conversation of which Redis has no state
 * is taken for a new one: where it is not, its version is not 0, and the commit says so.
 */
export function readFast<Run extends AnyRun>(
  lane: ClaimedLane,
  readers: Readers<Run>,
): Turn<Run> | null {
  const arrivals: Arrival[] = [];
  let last: MailedEvent | null = null;
  for (const entry of lane.entries) {
    last = readMail(entry.event);
    if (last === null) return null;
    arrivals.push({ id: entry.id, at: last.at, event: last.e });
  }
  const origin = last === null ? undefined : readers.origins.byId(last.o);
  if (last === null || origin === undefined) return null;
  const { cached } = lane;
  return {
    lane,
    origin,
    version: cached?.version ?? 0,
    state:
      cached === null
        ? newConversation(last.n, readers.initialRun)
        : parseState<Run>(JSON.parse(cached.state)),
    arrivals: inOrder(arrivals),
    fast: true,
    // What did not fit into the mailbox is read when the mailbox is empty.
    more: lane.more > 0,
    tickAt: null,
  };
}

/** Posts may overtake each other; ids tell the order in which the events were stored. A copy of an entry is dropped. */
function inOrder(arrivals: readonly Arrival[]): readonly Arrival[] {
  const sorted = arrivals.toSorted((a, b) => Number(BigInt(a.id) - BigInt(b.id)));
  return sorted.filter((arrival, index) => arrival.id !== sorted[index - 1]?.id);
}

/** A turn from one snapshot of PostgreSQL. @throws when the stored state is of a version that this Hookdesk does not know. */
export function readLoaded<Run extends AnyRun>(
  lane: ClaimedLane,
  loaded: LoadedLane,
  readers: Readers<Run>,
): Reading<Run> {
  const due = loaded.dueAt !== null && loaded.dueAt <= loaded.now;
  const [first] = loaded.events;
  if (first === undefined && !due) return { type: "idle" };
  const waitMs = first?.waitMs ?? 0;
  if (waitMs > 0) return { type: "wait", waitMs };
  const originId = first?.origin ?? loaded.origin;
  const origin = originId === null ? undefined : readers.origins.byId(originId);
  // An origin made a moment ago may not have been read yet.
  if (origin === undefined) return { type: "wait", waitMs: unknownOriginWaitMs };
  const taken = takeReadable(loaded.events.slice(0, eventsAllowed(lane)), origin, readers.channels);
  if (taken.unreadable !== null && taken.read.length === 0)
    return { type: "unreadable", ...taken.unreadable };
  const more = loaded.events.length > taken.read.length;
  const turn: Turn<Run> = {
    lane,
    origin,
    version: loaded.version,
    state: stateOf(loaded, taken.identity, readers.initialRun),
    arrivals: taken.read,
    fast: false,
    more,
    tickAt: due && !more ? loaded.now : null,
  };
  return { type: "turn", turn };
}

/** The row in `timers` may have been put off since the state was written. */
function stateOf<Run extends AnyRun>(
  loaded: LoadedLane,
  identity: string | null,
  initialRun: Run,
): ConversationState<Run> {
  if (loaded.state === null) return newConversation(identity, initialRun);
  return { ...parseState<Run>(loaded.state), timerAt: loaded.dueAt };
}

const unknownOriginWaitMs = 1_000;

type Taken = {
  readonly read: readonly Arrival[];
  readonly identity: string | null;
  readonly unreadable: { readonly eventId: string; readonly reason: string } | null;
};

/** Reads raw events up to the first that the channel no longer understands; that one is then a lane's first and is failed. */
function takeReadable(
  events: readonly LoadedEvent[],
  origin: Origin,
  channels: ReadonlyMap<string, Channel>,
): Taken {
  const channel = channels.get(origin.channel);
  const read: Arrival[] = [];
  let identity: string | null = null;
  const eventsIn = createBodyReader(origin, channel);
  for (const event of events) {
    const item = eventsIn(event.raw)[event.item];
    if (item === undefined || !("event" in item)) {
      return {
        read,
        identity,
        unreadable: { eventId: event.id, reason: "the stored event cannot be read" },
      };
    }
    identity = item.subject.kind === "client" ? item.subject.identity : null;
    read.push({ id: event.id, at: event.at, event: item.event });
  }
  return { read, identity, unreadable: null };
}

/** Reads bodies; events of one body lie one behind the other, so the last one is remembered. */
function createBodyReader(
  { account }: Origin,
  channel: Channel | undefined,
): (raw: Uint8Array) => readonly ReadEvent[] {
  let last: Uint8Array | null = null;
  let events: readonly ReadEvent[] = [];
  return (raw) => {
    if (raw === last) return events;
    const webhook = channel === undefined ? null : readWebhook(channel, raw, account);
    last = raw;
    events = webhook?.ok === true ? webhook.events : [];
    return events;
  };
}
