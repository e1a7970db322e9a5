import { credential } from "../channels/account.ts";
import type { Database, Statement } from "../platform/postgres/database.ts";
import type { Origin } from "./origins.ts";

/** The tenant and origin that the environment describes; further ones live in the database alone. */
export type DefaultOrigin = Pick<Origin, "channel" | "account" | "language" | "rate">;

/** The key of the address without a key: `POST /webhook/chat2desk`. */
export const defaultOriginKey = "default";

const upsertTenant: Statement = {
  name: "upsert_default_tenant",
  text: "INSERT INTO tenants (name) VALUES ('default') ON CONFLICT (name) DO NOTHING",
};

/** Never another tenant's origin, and written only when something differs, so that starting processes do not queue up behind each other's row locks. */
const upsertOrigin: Statement = {
  name: "upsert_default_origin",
  text: `
    INSERT INTO origins AS o (tenant_id, channel, origin_key, api_url, api_token, signature, language, rate_count, rate_window_ms)
    SELECT tenant_id, $1, '${defaultOriginKey}', $2, $3, $4, $5, $6, $7 FROM tenants WHERE name = 'default'
    ON CONFLICT (channel, origin_key) DO UPDATE SET
      api_url = excluded.api_url, api_token = excluded.api_token, signature = excluded.signature, language = excluded.language,
      rate_count = excluded.rate_count, rate_window_ms = excluded.rate_window_ms, updated_at = now()
    WHERE o.tenant_id = excluded.tenant_id
      AND (o.api_url, o.api_token, o.signature, o.language, o.rate_count, o.rate_window_ms)
      IS DISTINCT FROM (excluded.api_url, excluded.api_token, excluded.signature, excluded.language, excluded.rate_count, excluded.rate_window_ms)
    RETURNING tenant_id, origin_id`,
};

/** A changed token or address is a new chance: what was on hold because of the old one may be called again. */
const dropHold: Statement = {
  name: "drop_default_hold",
  text: "DELETE FROM holds WHERE tenant_id = $1 AND origin_id = $2 AND reason IN ('unauthorized', 'quota')",
};

/** Makes the default tenant and origin what the environment says; needs the owner's connection. */
export async function saveDefaultOrigin(database: Database, origin: DefaultOrigin): Promise<void> {
  await database.query(upsertTenant, []);
  const changed = await database.query<{ tenant_id: number; origin_id: number }>(upsertOrigin, [
    origin.channel,
    origin.account.apiUrl,
    credential(origin.account, "token"),
    credential(origin.account, "signature"),
    origin.language,
    origin.rate.count,
    origin.rate.windowMs,
  ]);
  for (const row of changed) await database.query(dropHold, [row.tenant_id, row.origin_id]);
}
