import type { Account } from "../channels/account.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { type OriginId, originId, type TenantId, tenantId } from "../core/ids.ts";
import type { Language } from "../dialog/dialog.ts";
import type { Database, Statement } from "../platform/postgres/database.ts";
import type { Accounts, OpenedAccount, SealedAccount } from "./accounts.ts";

/** What an unanswered send of this origin means: `hold` makes no second copy, `resend` one per ambiguous attempt. */
export type UnknownPolicy = "hold" | "resend";

/** One connected account of a channel. */
export type Origin = {
  readonly tenant: TenantId;
  readonly id: OriginId;
  readonly channel: string;
  readonly key: string;
  readonly enabled: boolean;
  readonly account: Account;
  /** The account's credentials as they are stored. */
  readonly sealed: string;
  /** Why nobody can speak for this account now; null when all is well. Its webhooks cannot be judged, and nothing is sent. */
  readonly fault: string | null;
  readonly language: Language;
  readonly rate: { readonly count: number; readonly windowMs: number };
  readonly inFlightMax: number;
  readonly unknown: { readonly bot: UnknownPolicy; readonly operator: UnknownPolicy };
};

/**
 * All origins, kept in memory and read again every few seconds. While PostgreSQL is away the last reading stays valid, so a
 * webhook is still judged; before the first reading nothing is known and `ready` is false.
 */
export type Origins = {
  readonly ready: () => boolean;
  readonly byKey: (channel: string, key: string) => Origin | undefined;
  /** As `byKey`, but an address that is not known yet is looked for once more: a new origin is there at its first webhook. */
  readonly lookUp: (channel: string, key: string) => Promise<Origin | undefined>;
  readonly byId: (id: OriginId) => Origin | undefined;
  readonly all: () => readonly Origin[];
  readonly refresh: () => Promise<void>;
};

type OriginRow = SealedAccount & {
  readonly tenant_id: number;
  readonly origin_id: number;
  readonly enabled: boolean;
  readonly language: Language;
  readonly rate_count: number;
  readonly rate_window_ms: number;
  readonly in_flight_max: number;
  readonly unknown_bot: UnknownPolicy;
  readonly unknown_operator: UnknownPolicy;
};

const allOrigins: Statement = { name: "all_origins", text: "SELECT * FROM all_origins()" };

/** How often strangers' addresses may have everything read again, ms. */
const missEveryMs = 1_000;

/** Makes the memory of all origins; empty until the first `refresh`, which rejects while PostgreSQL is away. */
export function createOrigins(
  database: Database,
  accounts: Pick<Accounts, "open">,
  clock: Clock = systemClock,
): Origins {
  const open = rememberOpened(accounts);
  let byId = new Map<OriginId, Origin>();
  let byKey = new Map<string, Origin>();
  let ready = false;
  let missedAt = Number.NEGATIVE_INFINITY;
  const refresh = async (): Promise<void> => {
    const rows = await database.query<OriginRow>(allOrigins, []);
    const origins = rows.map((row) => originOf(row, open(row)));
    byId = new Map(origins.map((origin) => [origin.id, origin]));
    byKey = new Map(origins.map((origin) => [`${origin.channel}/${origin.key}`, origin]));
    ready = true;
  };
  return {
    ready: () => ready,
    byKey: (channel, key) => byKey.get(`${channel}/${key}`),
    lookUp: async (channel, key) => {
      const known = byKey.get(`${channel}/${key}`);
      const now = clock.monotonic();
      if (known !== undefined || now - missedAt < missEveryMs) return known;
      missedAt = now;
      await refresh().catch(() => undefined);
      return byKey.get(`${channel}/${key}`);
    },
    byId: (id) => byId.get(id),
    all: () => [...byId.values()],
    refresh,
  };
}

/** Decrypts again only what has changed. */
function rememberOpened(accounts: Pick<Accounts, "open">): (row: OriginRow) => OpenedAccount {
  const remembered = new Map<number, { readonly of: string; readonly opened: OpenedAccount }>();
  return (row) => {
    const of = JSON.stringify([row.channel, row.origin_key, row.api_url, row.credentials]);
    const known = remembered.get(row.origin_id);
    if (known?.of === of) return known.opened;
    const opened = accounts.open(row);
    remembered.set(row.origin_id, { of, opened });
    return opened;
  };
}

function originOf(row: OriginRow, opened: OpenedAccount): Origin {
  return {
    tenant: tenantId(row.tenant_id),
    id: originId(row.origin_id),
    channel: row.channel,
    key: row.origin_key,
    enabled: row.enabled,
    ...opened,
    sealed: row.credentials,
    language: row.language,
    rate: { count: row.rate_count, windowMs: row.rate_window_ms },
    inFlightMax: row.in_flight_max,
    unknown: { bot: row.unknown_bot, operator: row.unknown_operator },
  };
}
