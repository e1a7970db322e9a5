import type { AccountOptions, Product } from "../src/channels/meta/fake/account.ts";
import { type FakeMeta, startFakeMeta } from "../src/channels/meta/fake/platform.ts";
import { decodeJson, isRecord } from "../src/fake-platform/exact-json.ts";

/**
 * Runs the fake Meta by itself, for a Hookdesk that runs elsewhere. Environment: FAKE_META_ACCOUNTS, a JSON list of accounts
 * `{"product":"whatsapp"|"messenger"|"instagram","id","token","appSecret","webhookUrl","businessId"?,"appId"?}`, and
 * FAKE_META_PORT (default 0, a free one). Prints one line of JSON when it listens; stops on SIGTERM and SIGINT.
 */

const USAGE_EXIT_CODE = 2;
const PRODUCTS: readonly Product[] = ["whatsapp", "messenger", "instagram"];

async function main(): Promise<void> {
  const port = Number(process.env["FAKE_META_PORT"] ?? 0);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    fail("FAKE_META_PORT must be a port number");
  const platform = await startFakeMeta({ port, accounts: readAccounts() });
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => void stop(platform));
  }
  process.stdout.write(`${JSON.stringify({ ready: true, port: platform.port })}\n`);
}

async function stop(platform: FakeMeta): Promise<void> {
  await platform.stop();
  process.exit(0);
}

function readAccounts(): readonly AccountOptions[] {
  const listed = decodeJson(process.env["FAKE_META_ACCOUNTS"] ?? "[]");
  if (!Array.isArray(listed) || listed.length === 0)
    fail("set FAKE_META_ACCOUNTS to a JSON list of accounts");
  return listed.map(readAccount);
}

function readAccount(given: unknown): AccountOptions {
  const account = isRecord(given) ? given : {};
  const product = PRODUCTS.find((known) => known === account["product"]);
  if (product === undefined) fail(`an account's product must be one of ${PRODUCTS.join(", ")}`);
  const text = (name: string): string => {
    const value = account[name];
    return typeof value === "string" && value !== "" ? value : fail(`an account lacks ${name}`);
  };
  const optional = (["businessId", "appId", "name"] as const).filter((name) => name in account);
  return {
    product,
    id: text("id"),
    token: text("token"),
    appSecret: text("appSecret"),
    webhookUrl: text("webhookUrl"),
    ...Object.fromEntries(optional.map((name) => [name, text(name)])),
  };
}

function fail(reason: string): never {
  process.stderr.write(`${reason}\n`);
  process.exit(USAGE_EXIT_CODE);
}

if (import.meta.main) {
  main().catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)));
}
