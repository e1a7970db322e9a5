import type pg from "pg";
import type { AccountTerms } from "./histories.ts";

/** Two tenants with two origins each: roomy and tight limits, both policies. The window of the tight ones is short, so that it matters. */
export const accounts: readonly (AccountTerms & {
  readonly tenant: string;
  readonly share: number;
})[] = [
  {
    name: "north",
    tenant: "north",
    share: 5,
    policy: "resend",
    limit: { count: 100_000, windowMs: 60_000 },
  },
  {
    name: "north-tight",
    tenant: "north",
    share: 1,
    policy: "resend",
    limit: { count: 60, windowMs: 6_000 },
  },
  {
    name: "south-hold",
    tenant: "south",
    share: 3,
    policy: "hold",
    limit: { count: 100_000, windowMs: 60_000 },
  },
  {
    name: "south-tight",
    tenant: "south",
    share: 1,
    policy: "resend",
    limit: { count: 40, windowMs: 3_000 },
  },
];

/** The token of an account. */
export function tokenOf(name: string): string {
  return `drill-token-${name}`;
}

/** As an installation without a key stores them. */
function credentialsOf(name: string): string {
  return `plain:${JSON.stringify({ token: tokenOf(name), signature: "required" })}`;
}

/** Writes tenants and origins; `apiUrl` is where the platform is reached. */
export async function writeAccounts(client: pg.Client, apiUrl: string): Promise<void> {
  for (const tenant of new Set(accounts.map((account) => account.tenant)))
    await client.query("INSERT INTO tenants (name) VALUES ($1)", [tenant]);
  for (const { name, tenant, policy, limit } of accounts)
    await client.query(
      `INSERT INTO origins (tenant_id, channel, origin_key, api_url, credentials, rate_count, rate_window_ms, unknown_bot)
       SELECT tenant_id, 'chat2desk', $2, $3, $4, $5, $6, $7 FROM tenants WHERE name = $1`,
      [tenant, name, apiUrl, credentialsOf(name), limit.count, limit.windowMs, policy],
    );
}
