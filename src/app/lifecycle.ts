import { within } from "../core/deadline.ts";
import { type App, createApp } from "./app.ts";
import { parseConfig, type Role, roles } from "./config.ts";

/** What may still be in flight when a process is told to stop gets this long, ms; pm2 kills after 15 s. */
const drainMs = 12_000;

/** Runs one process until it is told to stop; resolves with its exit code. */
export async function main(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const role = roleOf(args);
  const parsed = parseConfig(environment);
  if (role === null || !parsed.ok) {
    const faults = [
      ...(role === null ? [`--role must be one of ${roles.join(", ")}`] : []),
      ...(parsed.ok ? [] : parsed.faults),
    ];
    process.stderr.write(
      `Hookdesk cannot start:\n${faults.map((fault) => `  ${fault}`).join("\n")}\n`,
    );
    return 2;
  }
  const app = createApp(parsed.config, role);
  const told = toldToStop();
  try {
    await app.start();
  } catch (error) {
    process.stderr.write(
      `Hookdesk cannot start: ${error instanceof Error ? error.message : "unknown error"}\n`,
    );
    return 1;
  }
  process.send?.("ready");
  await told;
  return stopInTime(app);
}

function roleOf(args: readonly string[]): Role | null {
  const given = args.find((arg) => arg.startsWith("--role="))?.slice("--role=".length) ?? "all";
  return roles.find((role) => role === given) ?? null;
}

function toldToStop(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
  });
}

async function stopInTime(app: App): Promise<number> {
  try {
    await within(app.stop(), drainMs, "the drain");
    return 0;
  } catch {
    // What was cut short is found again by leases and sweepers.
    return 1;
  }
}
