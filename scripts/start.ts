/**
 * `npm start`: brings up whatever is not named by the environment, then all roles, and stops everything together.
 *
 *   starting ─ ready ─▶ running ─ Ctrl-C ─▶ stopping ─▶ exit 0
 *   starting ─ something cannot start ─▶ stopping ─▶ exit 1
 *   running ─ something died ─▶ stopping ─▶ exit 1
 */
import { join } from "node:path";
import { startChild } from "./services/child.ts";
import { logsFolder, ownFolder, projectFolder, shown } from "./services/folders.ts";
import { platformPart } from "./services/platform.ts";
import { requireFreePort } from "./services/ports.ts";
import { readiness } from "./services/readiness.ts";
import { openRun, type RunRecord } from "./services/run-record.ts";
import { secretKey } from "./services/secret-key.ts";
import { CannotStart } from "./services/service.ts";
import { Services } from "./services/services.ts";
import { listenForStop } from "./services/stop-request.ts";
import { postgresPart, redisPart } from "./services/stores.ts";
import { commandLine, type SummaryRow, startSummary } from "./services/summary.ts";

const portDefault = 3000;
const portMax = 65_535;
const rolesReadyMs = 60_000;
/** The roles drain for up to 15 s. */
const rolesStopMs = 18_000;
const readyAskMs = 2_000;

function say(line: string): void {
  console.log(line);
}

function wantedPort(): number {
  const text = process.env["PORT"] ?? String(portDefault);
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= portMax) return port;
  throw new CannotStart(`PORT must be a number from 1 to ${portMax}.`);
}

/** Where this machine reaches Hookdesk. */
function hookdeskUrl(port: number): string {
  const host = process.env["HOST"] ?? "0.0.0.0";
  const open = host === "0.0.0.0" || host === "::" || host === "";
  const name = host.includes(":") ? `[${host}]` : host;
  return `http://${open ? "127.0.0.1" : name}:${port}`;
}

async function startRoles(
  services: Services,
  environment: Readonly<Record<string, string>>,
  { url, signal }: { readonly url: string; readonly signal: AbortSignal },
): Promise<SummaryRow> {
  const log = join(logsFolder, "hookdesk.log");
  const child = startChild({
    name: "The pipeline",
    command: process.execPath,
    args: [join(projectFolder, "src", "main.ts"), "--role=all"],
    cwd: projectFolder,
    env: { ...process.env, ...environment },
    output: { file: log },
    stopDeadlineMs: rolesStopMs,
  });
  await services.keep(child);
  const ask = async () => ((await isReady(url)) ? true : undefined);
  await readiness(child, { log, deadlineMs: rolesReadyMs, signal, ask });
  return { name: "Hookdesk", where: url, note: `log in ${shown(log)}` };
}

async function isReady(url: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(readyAskMs);
    const response = await fetch(`${url}/health/ready`, { signal });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}

function nextSteps(fake: boolean, url: string): string[] {
  const first = fake
    ? [
        "Let a first customer order something, in another terminal:",
        "",
        commandLine("npm run simulate -- --clients 1"),
      ]
    : [`Chat2Desk should post its webhooks to ${url}/webhook/chat2desk`];
  return [...first, "", `Health is at ${url}/health. Ctrl-C stops everything.`];
}

async function bringUp(services: Services, record: RunRecord, signal: AbortSignal): Promise<void> {
  const port = wantedPort();
  const url = hookdeskUrl(port);
  await requireFreePort(port, process.env["HOST"] ?? "0.0.0.0");
  ownFolder(logsFolder, "private");
  const postgres = await postgresPart(services);
  signal.throwIfAborted();
  const redis = await redisPart(services);
  signal.throwIfAborted();
  const platform = await platformPart(services, url, signal);
  const parts = [postgres, redis, ...(platform === undefined ? [] : [platform])];
  const environment = Object.assign(
    {
      PORT: String(port),
      HOOKDESK_URL: process.env["HOOKDESK_URL"] ?? url,
      HOOKDESK_SECRET_KEY: secretKey(),
    },
    ...parts.map((part) => part.environment),
  );
  const row = await startRoles(services, environment, { url, signal });
  record.announce(environment);
  say(
    startSummary([row, ...parts.map((part) => part.row)], nextSteps(platform !== undefined, url)),
  );
}

/** The exit code of the whole run. */
async function runUntilStopped(): Promise<number> {
  const stop = listenForStop();
  const record = await openRun("start");
  const services = new Services(record);
  try {
    await bringUp(services, record, stop.signal);
    const death = await Promise.race([services.firstDeath(), stop.requested]);
    if (death === undefined) return 0;
    console.error(`Hookdesk: ${death}. Everything else is being stopped.`);
    return 1;
  } catch (error) {
    if (stop.signal.aborted) return 0;
    throw error;
  } finally {
    await services.stop();
    if (stop.signal.aborted) say("\nHookdesk has stopped.");
  }
}

if (import.meta.main) {
  try {
    process.exit(await runUntilStopped());
  } catch (error) {
    console.error(error instanceof CannotStart ? `Hookdesk: ${error.message}` : error);
    process.exit(1);
  }
}
