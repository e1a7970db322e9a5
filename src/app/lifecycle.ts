import { within } from "../core/deadline.ts";
import { describeError } from "../core/errors.ts";
import type { Logger } from "../platform/telemetry/logger.ts";
import { createWatchdog } from "../platform/watchdog/watchdog.ts";
import { type App, createApp } from "./app.ts";
import { parseConfig, type Role, roles } from "./config.ts";

/** A process that was told to stop ends within this, whatever hangs, ms; pm2 kills after 15 s. */
const stopMs = 12_500;

/** Ended as it was told; could not go on; was started with settings that cannot work, which starting again does not mend. */
const exitCodes = { stopped: 0, failed: 1, misconfigured: 2 } as const;

/** Runs one process until it is told to stop; resolves with its exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const role = roleOf(args);
  const parsed = parseConfig(process.env);
  if (role !== null && parsed.ok) return run(createApp(parsed.config, role));
  const faults = [
    ...(role === null ? [`--role must be one of ${roles.join(", ")}`] : []),
    ...(parsed.ok ? [] : parsed.faults),
  ];
  complain(faults.join("\n  "));
  return exitCodes.misconfigured;
}

async function run(app: App): Promise<number> {
  surviveStrays(app.logger);
  const watchdog = createWatchdog(app.logger);
  await watchdog.start();
  try {
    return await runWatched(app);
  } finally {
    await watchdog.stop();
  }
}

async function runWatched(app: App): Promise<number> {
  const told = toldToStop();
  try {
    await app.start();
    process.send?.("ready");
    await Promise.race([told, failure(app)]);
  } catch (error) {
    complain(describeError(error));
    await stopInTime(app);
    return exitCodes.failed;
  }
  return stopInTime(app);
}

function complain(fault: string): void {
  process.stderr.write(`Hookdesk cannot start:\n  ${fault}\n`);
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

/** Rejects when the process can never do its work; is silent as long as it can or waits for PostgreSQL. */
function failure(app: App): Promise<never> {
  return new Promise((_, reject) => app.ready().catch(reject));
}

/**
 * A rejection that nobody awaited is a fault of one piece of work, ours or a package's; the process and everybody else's work go
 * on. So they do when nobody reads the log any more.
 */
function surviveStrays(logger: Logger): void {
  process.on("unhandledRejection", (error) =>
    logger.error("a failure that nobody awaited", { error: describeError(error) }),
  );
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
}

async function stopInTime(app: App): Promise<number> {
  try {
    await within(app.stop(), stopMs, "the stop");
    return exitCodes.stopped;
  } catch {
    // What was cut short is found again by leases and sweepers.
    return exitCodes.failed;
  }
}
