/**
 * `npm run bench`: measures Hookdesk on this machine, on a PostgreSQL and a Redis of its own with durable settings.
 * `--smoke` is the short form for CI: it asserts that the answers are right, prints figures, and fails on nothing that depends on
 * the machine's speed. See README.md in this folder.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { projectFolder } from "../services/folders.ts";
import { startPostgres } from "../services/postgres.ts";
import { startRedis } from "../services/redis.ts";
import { openRun } from "../services/run-record.ts";
import { CannotStart } from "../services/service.ts";
import { Services } from "../services/services.ts";
import { listenForStop } from "../services/stop-request.ts";
import { type Candidate, startHookdeskCandidate } from "./candidate.ts";
import { openReplySink, type OrderResult } from "./order-load.ts";
import { cpuSeconds } from "./processes.ts";

const conversationsSmoke = 200;
const conversationsFull = 2_000;
const concurrency = 64;
const runsFull = 3;
const patienceMs = 20_000;

type Measured = OrderResult & { readonly cpuSecondsPer1000: Readonly<Record<string, number>> };

function say(line: string): void {
  console.log(line);
}

async function measure(
  candidate: Candidate,
  sink: ReturnType<typeof openReplySink>,
  load: { readonly conversations: number; readonly run: number },
): Promise<Measured> {
  const before = candidate.processes.map(({ pid }) => cpuSeconds(pid) ?? 0);
  const result = await sink.run({
    webhookUrl: candidate.webhookUrl,
    token: candidate.token,
    conversations: load.conversations,
    concurrency,
    patienceMs,
    firstClient: 1_000_000 * (load.run + 1),
  });
  const used = candidate.processes.map(({ name, pid }, index) => [
    name,
    round(((cpuSeconds(pid) ?? 0) - (before[index] ?? 0)) / (result.messages / 1_000)),
  ]);
  return { ...result, cpuSecondsPer1000: Object.fromEntries(used) };
}

const round = (value: number): number => Math.round(value * 1_000) / 1_000;

function describe(run: number, measured: Measured): string {
  const { messagesPerSecond, ackMs, replyMs, brokenDialogs, cpuSecondsPer1000 } = measured;
  const cpu = Object.entries(cpuSecondsPer1000)
    .map(([name, seconds]) => `${name} ${seconds}`)
    .join(", ");
  return `order, run ${run}: ${messagesPerSecond} messages/s, ack p50 ${ackMs.p50} p99 ${ackMs.p99} ms, reply p50 ${replyMs.p50} p99 ${replyMs.p99} ms, ${brokenDialogs} broken dialogs; CPU s per 1,000 messages: ${cpu}`;
}

function faultsOf(measured: Measured): readonly string[] {
  const faults = {
    "broken dialogs": measured.brokenDialogs,
    "missing replies": measured.missingReplies,
    "extra replies": measured.extraReplies,
    "refused webhooks": measured.refusedWebhooks,
  };
  return Object.entries(faults)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`);
}

type Bench = {
  readonly smoke: boolean;
  readonly services: Services;
  readonly folder: string;
  readonly signal: AbortSignal;
};

async function run({ smoke, services, folder, signal }: Bench): Promise<readonly string[]> {
  const postgres = await startPostgres({ dataDir: join(folder, "postgres"), keep: false, say });
  await services.keep(postgres, postgres.dataDir);
  const redis = await services.keep(
    await startRedis({ dataDir: join(folder, "redis"), keep: false, say }),
  );
  const sink = openReplySink();
  const candidate = await startHookdeskCandidate({
    databaseUrl: postgres.url,
    redisUrl: redis.url,
    platformUrl: sink.url,
    roles: { web: 1, worker: 1, outbox: 1 },
    logs: join(projectFolder, ".hookdesk", "logs", "bench"),
    signal,
  });
  for (const service of candidate.processes) await services.keep(service);
  say(
    `${cpus().length} cores, ${cpus()[0]?.model ?? "unknown CPU"}, Bun ${Bun.version}; web, worker, outbox, generator, PostgreSQL and Redis on it`,
  );
  const faults: string[] = [];
  for (let number = 1; number <= (smoke ? 1 : runsFull); number += 1) {
    const measured = await measure(candidate, sink, {
      conversations: smoke ? conversationsSmoke : conversationsFull,
      run: number,
    });
    say(describe(number, measured));
    faults.push(...faultsOf(measured));
  }
  sink.stop();
  return faults;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    args: process.argv.slice(2),
    options: { smoke: { type: "boolean", default: false } },
  });
  const stop = listenForStop();
  const aborted = new AbortController();
  void stop.requested.then(() => aborted.abort());
  const folder = mkdtempSync(join(tmpdir(), "hookdesk-bench-"));
  const services = new Services(await openRun("bench", [folder]));
  try {
    const faults = await run({ smoke: values.smoke, services, folder, signal: aborted.signal });
    say(faults.length === 0 ? "bench: every answer was right" : `bench: ${faults.join(", ")}`);
    return faults.length === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof CannotStart)) throw error;
    console.error(error.message);
    return 1;
  } finally {
    await services.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exit(await main());
