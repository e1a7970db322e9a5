import type { ConversationId, OriginId, TenantId } from "../core/ids.ts";
import type { Database, Statement } from "../platform/postgres/database.ts";
import type { ParkedKind, ParkedName } from "./parked-id.ts";

/** A piece of parked work, without what the customer wrote. Times are ms. */
export type ParkedItem = {
  readonly kind: ParkedKind;
  readonly tenant: TenantId;
  readonly tenantName: string;
  readonly origin: OriginId;
  /** As in the webhook's address: `chat2desk/default`. */
  readonly originName: string;
  readonly conversation: ConversationId;
  readonly number: string;
  readonly attempts: number;
  readonly reason: string;
  /** When the event was received, or the delivery written. */
  readonly beganAt: number;
  readonly parkedAt: number;
};

/** One step on the way to the park, or a replay that did not help. */
export type HistoryEntry = {
  readonly at: number;
  /** Number of the attempt; absent for a replay. */
  readonly n?: number;
  readonly reason?: string;
  readonly outcome?: string;
  readonly status?: number | null;
  readonly detail?: string | null;
  readonly replayed_by?: string;
};

export type ParkedDetail = ParkedItem & {
  readonly history: readonly HistoryEntry[];
  /** The bytes as they came or as they are to be sent; null unless they were asked for. They hold customer data. */
  readonly raw: Uint8Array | null;
  /** Which of the events of the webhook's body it is. */
  readonly item: number;
};

/** Which parked work is meant; what is absent is not looked at. */
export type ParkedFilter = {
  readonly kind?: ParkedKind;
  /** Number or name. */
  readonly tenant?: string;
  /** Number, key, or `channel/key`. */
  readonly origin?: string;
  /** Parked at this time or later, ms. */
  readonly since?: number;
};

export type ReplayVerdict = "replayed" | "gone" | "sent" | "superseded";
export type DiscardVerdict = "discarded" | "gone";

/** The statements of parked work; what they promise is written beside them in `migrations/000007_operations.sql`. */
export type ParkingStore = {
  readonly list: (
    filter: ParkedFilter,
    limit: number,
  ) => Promise<{ readonly items: readonly ParkedItem[]; readonly found: number }>;
  readonly find: (name: ParkedName, raw: boolean) => Promise<readonly ParkedDetail[]>;
  readonly replay: (
    item: ParkedItem,
    as: { readonly by: string; readonly deadlineMs: number },
  ) => Promise<ReplayVerdict>;
  readonly discard: (
    item: ParkedItem,
    as: { readonly by: string; readonly why: string },
  ) => Promise<DiscardVerdict>;
};

const statements = {
  list: {
    name: "parked_work",
    text: "SELECT * FROM parked_work($1, $2, $3, to_timestamp($4::double precision / 1000), $5)",
  },
  find: { name: "parked_item", text: "SELECT * FROM parked_item($1, $2, $3, $4)" },
  replayEvent: { name: "replay_event", text: "SELECT replay_event($1, $2, $3, $4) AS verdict" },
  replayDelivery: {
    name: "replay_delivery",
    text: "SELECT replay_delivery($1, $2, $3, $4) AS verdict",
  },
  discardEvent: {
    name: "discard_event",
    text: "SELECT discard_event($1, $2, $3, $4, $5) AS verdict",
  },
  discardDelivery: {
    name: "discard_delivery",
    text: "SELECT discard_delivery($1, $2, $3, $4, $5) AS verdict",
  },
} satisfies Record<string, Statement>;

type ItemRow = {
  readonly kind: ParkedKind;
  readonly tenant_id: TenantId;
  readonly tenant: string | null;
  readonly origin_id: OriginId;
  readonly origin: string;
  readonly conv: ConversationId;
  readonly number: string;
  readonly attempts: number;
  readonly reason: string;
  readonly began_ms: number;
  readonly parked_ms: number;
};
type DetailRow = ItemRow & {
  readonly history: readonly HistoryEntry[];
  readonly raw: Uint8Array | null;
  readonly item: number;
};

/** Rejects as the database does; what a rejected statement did is not known, and every one may be repeated. */
export function createParkingStore(database: Database): ParkingStore {
  const verdictOf = async <Verdict>(
    statement: Statement,
    item: ParkedItem,
    more: readonly (string | number)[],
  ): Promise<Verdict | "gone"> => {
    const values = [item.tenant, item.conversation, item.number, ...more];
    const rows = await database.query<{ verdict: Verdict }>(statement, values);
    return rows[0]?.verdict ?? "gone";
  };
  return {
    list: async (filter, limit) => {
      const { kind = null, tenant = null, origin = null, since = null } = filter;
      const rows = await database.query<ItemRow & { found: string }>(statements.list, [
        kind,
        tenant,
        origin,
        since,
        limit,
      ]);
      return { items: rows.map(itemOf), found: Number(rows[0]?.found ?? 0) };
    },
    find: async (name, raw) => {
      const digits = name.conversation.replaceAll("-", "");
      const values = [name.kind, digits, name.number, raw];
      const rows = await database.query<DetailRow>(statements.find, values);
      return rows.map((row) => ({
        ...itemOf(row),
        history: row.history,
        raw: row.raw,
        item: row.item,
      }));
    },
    replay: (item, { by, deadlineMs }) =>
      item.kind === "event"
        ? verdictOf<ReplayVerdict>(statements.replayEvent, item, [by])
        : verdictOf<ReplayVerdict>(statements.replayDelivery, item, [deadlineMs]),
    discard: (item, { by, why }) => {
      const statement =
        item.kind === "event" ? statements.discardEvent : statements.discardDelivery;
      return verdictOf<DiscardVerdict>(statement, item, [by, why]);
    },
  };
}

function itemOf(row: ItemRow): ParkedItem {
  return {
    kind: row.kind,
    tenant: row.tenant_id,
    tenantName: row.tenant ?? String(row.tenant_id),
    origin: row.origin_id,
    originName: row.origin,
    conversation: row.conv,
    number: row.number,
    attempts: row.attempts,
    reason: row.reason,
    beganAt: row.began_ms,
    parkedAt: row.parked_ms,
  };
}
