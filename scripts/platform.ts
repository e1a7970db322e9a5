import { type FakeChat2Desk, startFakeChat2Desk } from "../src/channels/chat2desk/fake/platform.ts";

/**
 * Runs the fake Chat2Desk by itself, for `npm start` and for a Hookdesk that runs elsewhere. Environment:
 * FAKE_CHAT2DESK_TOKEN and FAKE_CHAT2DESK_WEBHOOK_URL (both required), FAKE_CHAT2DESK_PORT (default 0, a free one),
 * FAKE_CHAT2DESK_RATE_LIMIT (default 300/60s). Prints one line of JSON when it listens; stops on SIGTERM and SIGINT.
 */

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const USAGE_EXIT_CODE = 2;

async function main(): Promise<void> {
  const { FAKE_CHAT2DESK_TOKEN: token, FAKE_CHAT2DESK_WEBHOOK_URL: webhookUrl } = process.env;
  const port = Number(process.env["FAKE_CHAT2DESK_PORT"] ?? 0);
  const rateLimit = parseRateLimit(process.env["FAKE_CHAT2DESK_RATE_LIMIT"] ?? "300/60s");
  if (!token || !webhookUrl || !URL.canParse(webhookUrl)) {
    fail("set FAKE_CHAT2DESK_TOKEN and FAKE_CHAT2DESK_WEBHOOK_URL (a URL)");
  }
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    fail("FAKE_CHAT2DESK_PORT must be a port number");
  }
  const platform = await startFakeChat2Desk({ port, accounts: [{ token, webhookUrl, rateLimit }] });
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => void stop(platform));
  }
  process.stdout.write(`${JSON.stringify({ ready: true, port: platform.port })}\n`);
}

async function stop(platform: FakeChat2Desk): Promise<void> {
  await platform.stop();
  process.exit(0);
}

function parseRateLimit(text: string): { readonly count: number; readonly windowMs: number } {
  const parts = /^(\d+)\/(\d+)(ms|s|m|h)$/.exec(text);
  const count = Number(parts?.[1]);
  const windowMs = Number(parts?.[2]) * (UNIT_MS[parts?.[3] ?? ""] ?? 0);
  if (!(count >= 1) || !(windowMs >= 1)) fail("FAKE_CHAT2DESK_RATE_LIMIT must look like 300/60s");
  return { count, windowMs };
}

function fail(reason: string): never {
  process.stderr.write(`${reason}\n`);
  process.exit(USAGE_EXIT_CODE);
}

if (import.meta.main) {
  main().catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)));
}
