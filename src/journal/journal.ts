import type { ReadEvent } from "../channels/channel.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { DeadlineExceeded, within } from "../core/deadline.ts";
import { grouped } from "../core/grouped.ts";
import { type ConversationId, conversationOf, type EventId, eventId } from "../core/ids.ts";
import type { ChannelEvent } from "../message/event.ts";
import type { Database, Statement } from "../platform/postgres/database.ts";
import { classifyFailure } from "../platform/postgres/failure.ts";
import type { Origin } from "../tenants/origins.ts";

/**
 * The journal: where a webhook's bytes are committed before anybody answers 200.
 * All webhooks that arrive while a statement runs go into the next one together, whatever their tenants.
 */
export type Journal = {
  /**
   * Stores the events of one webhook. Resolves when they are committed, new and known alike.
   * @throws when it is not known that they are (PostgreSQL away, slow, or refusing): the platform must deliver again.
   */
  readonly store: (webhook: Webhook) => Promise<readonly Stored[]>;
};

export type Webhook = {
  readonly origin: Origin;
  readonly raw: Uint8Array;
  readonly events: readonly ReadEvent[];
};

/** An event of a webhook after its commit. `fresh` is what a worker needs when it is new and to be applied. */
export type Stored =
  | { readonly type: "fresh"; readonly event: FreshEvent }
  | { readonly type: "duplicate" }
  | { readonly type: "ignored"; readonly reason: string };

export type FreshEvent = {
  readonly conversation: ConversationId;
  readonly origin: Origin;
  readonly id: EventId;
  /** When PostgreSQL received it, ms: the time by which the event is decided, whatever clocks the workers have. */
  readonly at: number;
  readonly identity: string | null;
  readonly event: ChannelEvent;
};

/** More would make one statement, and so everybody's answer, slow. */
const webhooksPerCallMax = 256;
/** A webhook alone may be larger: its own size is limited at the door. */
const bytesPerCallMax = 4_194_304;
/** About what one event adds to a statement beside its webhook's body, bytes. */
const eventBytes = 512;
/** Two calls overlap one's commit with the next one's work; more only queue up inside PostgreSQL. */
const callsMax = 2;
/** A webhook is answered within this time, stored or not, ms. */
const storeTimeoutMs = 900;

const ingest: Statement = {
  name: "ingest",
  text: "SELECT o, id, at_ms FROM ingest($1::json, $2::bytea)",
};
type IngestRow = { readonly o: number; readonly id: string; readonly at_ms: number };

/** Makes a journal over one database; nothing is opened until the first webhook. */
export function createJournal(database: Database, clock: Clock = systemClock): Journal {
  const storeGroup = async (
    webhooks: readonly Webhook[],
  ): Promise<readonly (readonly Stored[])[]> => {
    const group = prepare(webhooks);
    const rows = await database.query<IngestRow>(ingest, [JSON.stringify(group.rows), group.raw]);
    return results(webhooks, group.places, new Map(rows.map((row) => [row.o, row])));
  };
  // A row that PostgreSQL refuses fails its group, so its neighbours are stored one by one.
  const storeIsolated = (webhooks: readonly Webhook[]): Promise<readonly Settled[]> =>
    storeGroup(webhooks).then(
      (stored) => stored.map((value) => ({ ok: true as const, value })),
      (error) => {
        if (webhooks.length === 1 || classifyFailure(error) === "unknown") {
          return webhooks.map(() => ({ ok: false as const, error }));
        }
        return Promise.all(webhooks.map((webhook) => storeIsolated([webhook]).then(firstOf)));
      },
    );
  // Who has been told 503 is not stored any more: a queue of dead webhooks would make the living ones late, too.
  const storeLiving = async (waiting: readonly Waiting[]): Promise<readonly Settled[]> => {
    const living = waiting.filter((one) => clock.monotonic() < one.until);
    const ends = new Map<Waiting, Settled>();
    for (const group of groupsOf(living)) {
      const settled = await storeIsolated(group.map((one) => one.webhook));
      group.forEach((one, index) => {
        ends.set(one, settled[index] ?? tooLate);
      });
    }
    return waiting.map((one) => ends.get(one) ?? tooLate);
  };
  const add = grouped(storeLiving, { itemsMax: webhooksPerCallMax, callsMax });
  return {
    store: async (webhook) => {
      const until = clock.monotonic() + storeTimeoutMs;
      const settled = await within(add({ webhook, until }), storeTimeoutMs, "journal");
      if (!settled.ok) throw settled.error;
      return settled.value;
    },
  };
}

/** A webhook whose sender waits for the answer until `until`, ms of the monotonic clock. */
type Waiting = { readonly webhook: Webhook; readonly until: number };

const tooLate: Settled = { ok: false, error: new DeadlineExceeded("journal", storeTimeoutMs) };

/** Splits what waits into statements of bearable size, in order. */
function groupsOf(waiting: readonly Waiting[]): readonly (readonly Waiting[])[] {
  const groups: Waiting[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const one of waiting) {
    const size = one.webhook.raw.length + eventBytes * one.webhook.events.length;
    bytes += size;
    if (bytes > bytesPerCallMax) {
      groups.push([]);
      bytes = size;
    }
    groups.at(-1)?.push(one);
  }
  return groups;
}

type Settled =
  | { readonly ok: true; readonly value: readonly Stored[] }
  | { readonly ok: false; readonly error: unknown };

function firstOf(settled: readonly Settled[]): Settled {
  return settled[0] ?? { ok: false, error: new Error("journal returned nothing") };
}

/** The rows of one `ingest` call, and for each event of each webhook the row that stands for it. */
type Prepared = {
  readonly rows: readonly IngestInput[];
  readonly raw: Buffer;
  readonly places: ReadonlyMap<ReadEvent, Place>;
};
type Place = { readonly row: number; readonly first: boolean };
type IngestInput = {
  readonly o: number;
  readonly t: number;
  readonly g: number;
  readonly b: number;
  readonly k: string;
  readonly c: string | null;
  readonly y: string;
  readonly r: string | null;
  readonly f: number;
  readonly n: number;
  readonly i: number;
  d: number;
};

function prepare(webhooks: readonly Webhook[]): Prepared {
  const rows: IngestInput[] = [];
  const known = new Map<string, IngestInput>();
  const places = new Map<ReadEvent, Place>();
  let offset = 0;
  for (const webhook of webhooks) {
    webhook.events.forEach((read, item) => {
      const key = `${webhook.origin.id}/${read.key.bucket}/${read.key.key}`;
      const twin = known.get(key);
      if (twin !== undefined) {
        twin.d += 1;
        places.set(read, { row: twin.o, first: false });
        return;
      }
      const row = inputOf(webhook, read, { place: rows.length, item, offset });
      known.set(key, row);
      rows.push(row);
      places.set(read, { row: row.o, first: true });
    });
    offset += webhook.raw.length;
  }
  return { rows, raw: Buffer.concat(webhooks.map((webhook) => webhook.raw)), places };
}

function inputOf(
  webhook: Webhook,
  read: ReadEvent,
  at: { place: number; item: number; offset: number },
): IngestInput {
  const { origin } = webhook;
  return {
    o: at.place,
    t: origin.tenant,
    g: origin.id,
    b: read.key.bucket,
    k: read.key.key,
    c: "event" in read ? conversationOf(origin.tenant, origin.id, read.subject) : null,
    y: "event" in read ? read.event.type : "ignored",
    r: "event" in read ? null : read.ignored,
    f: at.offset + 1,
    n: webhook.raw.length,
    i: at.item,
    d: 1,
  };
}

function results(
  webhooks: readonly Webhook[],
  places: ReadonlyMap<ReadEvent, Place>,
  stored: ReadonlyMap<number, IngestRow>,
): readonly (readonly Stored[])[] {
  return webhooks.map((webhook) =>
    webhook.events.map((read) => {
      const place = places.get(read);
      const row = place?.first === true ? stored.get(place.row) : undefined;
      return row === undefined ? { type: "duplicate" } : storedOf(webhook.origin, read, row);
    }),
  );
}

function storedOf(origin: Origin, read: ReadEvent, row: IngestRow): Stored {
  if (!("event" in read)) return { type: "ignored", reason: read.ignored };
  return {
    type: "fresh",
    event: {
      conversation: conversationOf(origin.tenant, origin.id, read.subject),
      origin,
      id: eventId(row.id),
      at: row.at_ms,
      identity: read.subject.kind === "client" ? read.subject.identity : null,
      event: read.event,
    },
  };
}
