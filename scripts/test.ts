/**
 * `npm test`: the check, then every test on a throw-away PostgreSQL and Redis. With arguments (`npm test -- <part of a
 * path>`) only the tests of matching files. The last line is always `N passed, N failed`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Glob } from "bun";
import { startChild } from "./services/child.ts";
import { ownFolder, projectFolder } from "./services/folders.ts";
import { startPostgres } from "./services/postgres.ts";
import { startRedis } from "./services/redis.ts";
import { openRun } from "./services/run-record.ts";
import { CannotStart, type Service } from "./services/service.ts";
import { Services } from "./services/services.ts";
import { listenForStop, type StopRequest } from "./services/stop-request.ts";
import { countTests, type Counts, filesWithoutTests } from "./services/test-report.ts";

const testTimeoutMs = 30_000;
/** Files that do little but wait: they run beside all others, which run one after another, so that nothing crowds them. */
const waitingFiles = [
  "tests/scenario/limit-300-per-60s.test.ts",
  "tests/integration/app/stop.test.ts",
  "tests/integration/outbox/sender.test.ts",
  "tests/integration/outbox/hookdesk.test.ts",
  "tests/integration/outage/lost-later.test.ts",
  "tests/integration/outage/missing-at-start.test.ts",
  "tests/integration/health/health.test.ts",
  "tests/integration/media/downloads.test.ts",
];
const runMaxMs = 20 * 60_000;
const stopDeadlineMs = 5_000;
const oneFailed: Counts = { passed: 0, failed: 1 };
const onePassed: Counts = { passed: 1, failed: 0 };

function say(line: string): void {
  console.log(line);
}

/**
 * Nothing of the caller's own installation may leak into tests: a test must not write into somebody's database or send
 * to a real platform. Bun is also told not to read a `.env` file.
 */
function testEnvironment(): Record<string, string | undefined> {
  const own =
    /^(DATABASE_URL|REDIS_URL|PORT|HOST|LOG_LEVEL|WORKER_|(FAKE_)?CHAT2DESK_|HOOKDESK_|MEDIA_)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)));
}

/** Runs a program of Bun's in sight of the user until it ends, or is ended because somebody wants to stop. */
async function runToEnd(service: Service, stop: StopRequest): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<"late">();
  const timer = setTimeout(() => resolve("late"), runMaxMs);
  const end = await Promise.race([service.exited, stop.requested, late]);
  clearTimeout(timer);
  if (end === "late") console.error(`${service.name} took more than ${runMaxMs / 60_000} minutes.`);
  await service.stop();
  return end === "ended with code 0";
}

function startBun(name: string, args: readonly string[], env = testEnvironment()): Service {
  return startChild({
    name,
    command: process.execPath,
    args: ["--no-env-file", ...args],
    cwd: projectFolder,
    env,
    output: "inherit",
    stopDeadlineMs,
  });
}

async function runCheck(services: Services, stop: StopRequest): Promise<Counts> {
  const check = await services.keep(startBun("The check", [join("scripts", "check.ts")]));
  return (await runToEnd(check, stop)) ? onePassed : oneFailed;
}

/** Addresses that the caller names are used as they are; the rest is brought up for this run. */
async function storeAddresses(services: Services, folder: string): Promise<Record<string, string>> {
  let database = process.env["TEST_DATABASE_URL"];
  if (database === undefined) {
    const dataDir = join(folder, "postgres");
    const server = await startPostgres({ dataDir, keep: false, say });
    database = (await services.keep(server, server.dataDir)).url;
  }
  let redis = process.env["TEST_REDIS_URL"];
  if (redis === undefined) {
    const dataDir = join(folder, "redis");
    redis = (await services.keep(await startRedis({ dataDir, keep: false, say }))).url;
  }
  return { TEST_DATABASE_URL: database, TEST_REDIS_URL: redis };
}

type TestRun = {
  readonly services: Services;
  readonly folder: string;
  readonly filters: readonly string[];
  readonly stop: StopRequest;
};

async function runTests(run: TestRun): Promise<Counts> {
  const { services, folder, filters, stop } = run;
  const addresses = await storeAddresses(services, folder);
  if (stop.signal.aborted) return oneFailed;
  const env = { ...testEnvironment(), ...addresses };
  if (filters.length > 0) return runFiles(run, { name: "tests", files: filters, env });
  const all = [...new Glob("tests/**/*.test.ts").scanSync(projectFolder)].toSorted();
  const counted = await Promise.all([
    runFiles(run, { name: "waiting", files: waitingFiles, env }),
    runFiles(run, {
      name: "tests",
      files: all.filter((file) => !waitingFiles.includes(file)),
      env,
    }),
  ]);
  return sum(counted);
}

type Files = {
  readonly name: string;
  readonly files: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** One program of Bun's over these files; a file without a single test counts as failed, unless a filter chose it. */
async function runFiles(
  { services, folder, filters, stop }: TestRun,
  { name, files, env }: Files,
): Promise<Counts> {
  const report = join(folder, `${name}.xml`);
  const reporter = ["--reporter=junit", `--reporter-outfile=${report}`];
  const args = ["test", `--timeout=${testTimeoutMs}`, ...reporter, ...files];
  const tests = await services.keep(startBun("The tests", args, env));
  const ok = await runToEnd(tests, stop);
  const counts = await countTests(report);
  const unknown = filters.length === 0 ? await filesWithoutTests(projectFolder, report) : [];
  const silent = unknown.filter((file) => files.includes(file));
  for (const file of silent) console.error(`${file} could not be loaded or has no test.`);
  const failed = counts.failed + silent.length;
  return { passed: counts.passed, failed: ok || failed > 0 ? failed : 1 };
}

function sum(parts: readonly Counts[]): Counts {
  return parts.reduce((total, { passed, failed }) => ({
    passed: total.passed + passed,
    failed: total.failed + failed,
  }));
}

async function runAll(filters: readonly string[]): Promise<Counts> {
  const stop = listenForStop();
  const folder = ownFolder(mkdtempSync(join(tmpdir(), "hookdesk-test-")), "enter");
  const services = new Services(await openRun("test", [folder]));
  const parts: Counts[] = [];
  try {
    if (filters.length === 0) parts.push(await runCheck(services, stop));
    if (!stop.signal.aborted) parts.push(await runTests({ services, folder, filters, stop }));
  } catch (error) {
    console.error(error instanceof CannotStart ? `Hookdesk: ${error.message}` : error);
    parts.push(oneFailed);
  } finally {
    await services.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  if (stop.signal.aborted) console.error("Stopped before the end.");
  return sum(stop.signal.aborted ? [...parts, oneFailed] : parts);
}

if (import.meta.main) {
  const filters = process.argv.slice(2).filter((argument) => argument !== "--");
  const { passed, failed } = await runAll(filters);
  await Bun.write(Bun.stdout, `${passed} passed, ${failed} failed\n`);
  process.exit(failed === 0 && passed > 0 ? 0 : 1);
}
