import type { ConversationId, OriginId, TenantId } from "../core/ids.ts";
import type { Database, Statement } from "../platform/postgres/database.ts";

/** The outbox in PostgreSQL; what the statements promise is written beside them in `migrations/000005_outbox.sql`. */
export type OutboxStore = {
  readonly exchange: (
    finished: readonly Finished[],
    grants: readonly GrantQuestion[],
  ) => Promise<readonly GrantAnswer[]>;
  readonly stranded: (page: StrandedPage) => Promise<readonly StrandedDelivery[]>;
  readonly silent: (silentMs: number) => Promise<readonly SilentSend[]>;
  readonly recentSends: (graceMs: number) => Promise<readonly RecentSends[]>;
  /** The calls to each conversation of an origin in the last `withinMs`. */
  readonly conversationSends: (
    origin: OriginId,
    withinMs: number,
  ) => Promise<readonly ConversationSends[]>;
  readonly holds: () => Promise<readonly ActiveHold[]>;
};

/** The end of an attempt, in the short names of `outbox_finish`. */
export type Finished = {
  readonly t: TenantId;
  readonly c: ConversationId;
  readonly g: OriginId;
  /** The delivery and its attempt; null for a mark whose answer was lost, which is taken back by its token. */
  readonly q: string | null;
  readonly k: string;
  readonly a: number | null;
  readonly oc: string | null;
  readonly fi: boolean;
  readonly w: number;
  readonly fl: number;
  readonly st: number | null;
  readonly de: string | null;
  readonly mi: string | null;
  readonly ho: number | null;
  readonly hr: string | null;
  /** What is held: the key of a narrower limit, "" for the whole account. */
  readonly hs: string;
  /** The grant expired before the call: nothing was sent and the attempt does not count. */
  readonly un: boolean;
  readonly pk: string | null;
  /** The delivery as it is to be sent from now on, when its address has changed. */
  readonly bo: string | null;
};

export type GrantQuestion = {
  readonly i: number;
  readonly t: TenantId;
  readonly c: ConversationId;
  readonly k: string;
  /** Keys of the narrower limits that hold for it. */
  readonly sc: readonly string[];
};

export type GrantAnswer =
  | {
      readonly verdict: "marked";
      readonly i: number;
      readonly seq: string;
      readonly attempt: number;
      readonly failures: number;
      readonly author: "bot" | "operator";
      readonly body: string;
      readonly left_ms: number;
    }
  | { readonly verdict: "waiting"; readonly i: number; readonly wait_ms: number }
  | {
      readonly verdict: "held";
      readonly i: number;
      readonly wait_ms: number;
      /** What is held: the key of a narrower limit, "" for the whole account. */
      readonly held_scope: string;
    }
  | { readonly verdict: "busy" | "superseded" | "empty"; readonly i: number };

export type StrandedPage = {
  readonly tenant: number;
  readonly conversation: string;
  readonly ageMs: number;
  readonly limit: number;
};
export type StrandedDelivery = {
  readonly tenant_id: TenantId;
  readonly conv: ConversationId;
  readonly origin_id: OriginId;
  readonly open: string;
  readonly wait_ms: number | null;
  /** The customer's identity, by which the channel tells the narrower limits. */
  readonly identity: string | null;
};
export type SilentSend = {
  readonly tenant_id: TenantId;
  readonly conv: ConversationId;
  readonly seq: string;
  readonly origin_id: OriginId;
  readonly author: "bot" | "operator";
  readonly attempt: number;
  readonly failures: number;
  readonly token: string;
  /** Earlier attempts of this delivery whose sender fell silent. */
  readonly silences: number;
  readonly silent_ms: number;
  readonly left_ms: number;
};
export type RecentSends = {
  readonly tenant_id: TenantId;
  readonly origin_id: OriginId;
  readonly ages: readonly number[];
};
export type ConversationSends = { readonly identity: string; readonly ages: readonly number[] };
export type ActiveHold = {
  readonly tenant_id: TenantId;
  readonly origin_id: OriginId;
  /** The key of the narrower limit that is held, "" for the whole account. */
  readonly scope: string;
  readonly reason: string;
  readonly left_ms: number;
};

/** Silent sends per look. */
const silentMax = 500;

const statements = {
  exchange: { name: "outbox_exchange", text: "SELECT * FROM outbox_exchange($1::json, $2::json)" },
  stranded: {
    name: "stranded_deliveries",
    text: "SELECT * FROM stranded_deliveries($1, $2, $3, $4)",
  },
  silent: { name: "silent_sends", text: "SELECT * FROM silent_sends($1, $2)" },
  recent: { name: "recent_sends", text: "SELECT * FROM recent_sends($1)" },
  conversations: {
    name: "conversation_sends",
    text: "SELECT * FROM conversation_sends($1, $2)",
  },
  holds: { name: "active_holds", text: "SELECT * FROM active_holds()" },
} satisfies Record<string, Statement>;

/** Makes the store; its calls reject as the database's do, and whether a rejected one was committed is not known. */
export function createOutboxStore(database: Database): OutboxStore {
  return {
    exchange: (finished, grants) =>
      database.query<GrantAnswer>(statements.exchange, [
        JSON.stringify(finished),
        JSON.stringify(grants),
      ]),
    stranded: (page) =>
      database.query<StrandedDelivery>(statements.stranded, [
        page.tenant,
        page.conversation,
        page.ageMs,
        page.limit,
      ]),
    silent: (silentMs) => database.query<SilentSend>(statements.silent, [silentMs, silentMax]),
    recentSends: (graceMs) => database.query<RecentSends>(statements.recent, [graceMs]),
    conversationSends: (origin, withinMs) =>
      database.query<ConversationSends>(statements.conversations, [origin, withinMs]),
    holds: () => database.query<ActiveHold>(statements.holds, []),
  };
}
