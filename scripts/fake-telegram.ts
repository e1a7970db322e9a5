import { startFakeTelegram } from "../src/channels/telegram/fake/platform.ts";

/**
 * Runs the fake Telegram by itself, for whoever wants to try the channel without Telegram. Environment: FAKE_TELEGRAM_TOKEN (as
 * `123:abc`), FAKE_TELEGRAM_PORT (default 0, a free one). Prints one line of JSON when it listens; stops on SIGTERM and SIGINT.
 */
const usageExitCode = 2;

async function main(): Promise<void> {
  const token = process.env["FAKE_TELEGRAM_TOKEN"] ?? "";
  const port = Number(process.env["FAKE_TELEGRAM_PORT"] ?? 0);
  if (!/^\d+:[\w-]+$/.test(token)) fail("set FAKE_TELEGRAM_TOKEN, such as 123:abc");
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    fail("FAKE_TELEGRAM_PORT must be a port number");
  const platform = await startFakeTelegram({ port, bots: [{ token }] });
  const stop = () => void platform.stop().then(() => process.exit(0));
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, stop);
  process.stdout.write(`${JSON.stringify({ ready: true, url: platform.url })}\n`);
}

function fail(reason: string): never {
  process.stderr.write(`${reason}\n`);
  process.exit(usageExitCode);
}

if (import.meta.main) {
  main().catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)));
}
