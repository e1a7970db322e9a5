import type { Database, Statement } from "../platform/postgres/database.ts";
import type { Accounts, SealedAccount } from "./accounts.ts";
import type { Origin } from "./origins.ts";

/** The tenant and origin that the environment describes; further ones live in the database alone. */
export type DefaultOrigin = Pick<Origin, "channel" | "account" | "language" | "rate">;

/** The key of the address without a key: `POST /webhook/chat2desk`. */
export const defaultOriginKey = "default";

const upsertTenant: Statement = {
  name: "upsert_default_tenant",
  text: "INSERT INTO tenants (name) VALUES ('default') ON CONFLICT (name) DO NOTHING",
};

type StoredOrigin = SealedAccount & {
  readonly language: string;
  readonly rate_count: number;
  readonly rate_window_ms: number;
};

const readOrigin: Statement = {
  name: "read_default_origin",
  text: `
    SELECT channel, origin_key, api_url, credentials, language, rate_count, rate_window_ms
    FROM origins WHERE channel = $1 AND origin_key = '${defaultOriginKey}'`,
};

/** Never another tenant's origin. */
const upsertOrigin: Statement = {
  name: "upsert_default_origin",
  text: `
    INSERT INTO origins AS o (tenant_id, channel, origin_key, api_url, credentials, language, rate_count, rate_window_ms)
    SELECT tenant_id, $1, '${defaultOriginKey}', $2, $3, $4, $5, $6 FROM tenants WHERE name = 'default'
    ON CONFLICT (channel, origin_key) DO UPDATE SET
      api_url = excluded.api_url, credentials = excluded.credentials, language = excluded.language,
      rate_count = excluded.rate_count, rate_window_ms = excluded.rate_window_ms, updated_at = now()
    WHERE o.tenant_id = excluded.tenant_id
    RETURNING tenant_id, origin_id`,
};

/** A changed token or address is a new chance: what was on hold because of the old one may be called again. */
const dropHold: Statement = {
  name: "drop_default_hold",
  text: "DELETE FROM holds WHERE tenant_id = $1 AND origin_id = $2 AND reason IN ('unauthorized', 'quota')",
};

/**
 * Makes the default tenant and origin what the environment says; needs the owner's connection. Written only when something
 * differs, so that starting processes do not queue up behind each other's row locks.
 */
export async function saveDefaultOrigin(
  database: Database,
  origin: DefaultOrigin,
  accounts: Accounts,
): Promise<void> {
  await database.query(upsertTenant, []);
  const [stored] = await database.query<StoredOrigin>(readOrigin, [origin.channel]);
  if (stored !== undefined && isSame(stored, origin, accounts)) return;
  const { channel, account, language, rate } = origin;
  const sealed = accounts.seal({ channel, origin_key: defaultOriginKey }, account);
  const changed = await database.query<{ tenant_id: number; origin_id: number }>(upsertOrigin, [
    channel,
    account.apiUrl,
    sealed,
    language,
    rate.count,
    rate.windowMs,
  ]);
  for (const row of changed) await database.query(dropHold, [row.tenant_id, row.origin_id]);
}

/** A stored origin that was sealed with another key is written again, too. */
function isSame(stored: StoredOrigin, origin: DefaultOrigin, accounts: Accounts): boolean {
  const { account, language, rate } = origin;
  const opened = accounts.open(stored);
  return (
    accounts.keyring.isCurrent(stored.credentials) &&
    Bun.deepEquals(opened.account, account) &&
    stored.language === language &&
    stored.rate_count === rate.count &&
    stored.rate_window_ms === rate.windowMs
  );
}
