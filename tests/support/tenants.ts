import type { Accounts } from "../../src/tenants/accounts.ts";
import { createKeyring } from "../../src/tenants/keyring.ts";
import type { TestDatabase } from "./database.ts";

export type TestOrigin = {
  readonly tenant: number;
  readonly origin: number;
  readonly key: string;
  readonly token: string;
};

export type OriginSettings = {
  readonly tenant: number;
  readonly key: string;
  readonly token: string;
  readonly apiUrl: string;
  readonly rate?: { readonly count: number; readonly windowMs: number };
  readonly language?: "en" | "ru" | "es";
  /** `chat2desk` by itself. */
  readonly channel?: string;
  /** Of another channel than Chat2Desk. */
  readonly credentials?: Readonly<Record<string, string>>;
};

/** Credentials as an installation without a key stores them; for accounts of any channel. */
export function sealedPlainly(credentials: Readonly<Record<string, string>>): string {
  return createKeyring([]).seal(JSON.stringify(credentials), "");
}

/** Opens what `sealedPlainly` closed, whatever the channel. */
export const plainAccounts: Pick<Accounts, "open"> = {
  open: (sealed) => {
    const opened = createKeyring([]).open(sealed.credentials, "");
    const credentials: Record<string, string> = JSON.parse(opened.ok ? opened.text : "{}");
    return { account: { apiUrl: sealed.api_url, credentials }, fault: null };
  },
};

const rateDefault = { count: 100_000, windowMs: 60_000 };

/** Adds a tenant; resolves with its number. */
export async function addTenant(database: TestDatabase, name: string): Promise<number> {
  return database.count("INSERT INTO tenants (name) VALUES ($1) RETURNING tenant_id", [name]);
}

/** Adds an origin, of the fake Chat2Desk unless another channel is named; a running Hookdesk knows it after its next reading of the origins. */
export async function addOrigin(
  database: TestDatabase,
  settings: OriginSettings,
): Promise<TestOrigin> {
  const rate = settings.rate ?? rateDefault;
  const origin = await database.count(
    `INSERT INTO origins (tenant_id, channel, origin_key, api_url, credentials, language, rate_count, rate_window_ms)
     VALUES ($1, $8, $2, $3, $4, $5, $6, $7) RETURNING origin_id`,
    [
      settings.tenant,
      settings.key,
      settings.apiUrl,
      sealedPlainly(settings.credentials ?? { token: settings.token, signature: "required" }),
      settings.language ?? "en",
      rate.count,
      rate.windowMs,
      settings.channel ?? "chat2desk",
    ],
  );
  return { tenant: settings.tenant, origin, key: settings.key, token: settings.token };
}
