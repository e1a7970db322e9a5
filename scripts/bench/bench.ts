/**
 * `npm run bench`: measures Hookdesk on this machine, and its peers beside it, on a PostgreSQL and a Redis of its own with durable
 * settings. `--smoke` is the short form for CI: it asserts that the answers are right, prints figures, and fails on nothing that
 * depends on the machine's speed. See README.md in this folder.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { logsFolder, ownFolder } from "../services/folders.ts";
import { startPostgres } from "../services/postgres.ts";
import { startRedis } from "../services/redis.ts";
import { openRun } from "../services/run-record.ts";
import { CannotStart } from "../services/service.ts";
import { Services } from "../services/services.ts";
import { listenForStop } from "../services/stop-request.ts";
import { type FigureRow, Figures } from "./figures/figures.ts";
import { describeMachine, type Machine, machineLine } from "./figures/machine.ts";
import { tableOf } from "./figures/table.ts";
import { startGenerator } from "./load/generator-process.ts";
import { type BenchOptions, readOptions, usage } from "./options.ts";
import type { Bench, Scenario } from "./scenario.ts";
import { BenchStores } from "./stores.ts";
import { preparePeer } from "./systems/peer.ts";
import type { Contender } from "./systems/system.ts";

type Outcome = {
  readonly scenario: string;
  readonly asserts: string;
  readonly seconds: number;
  readonly faults: readonly string[];
  readonly figures: readonly FigureRow[];
};

function say(line: string): void {
  console.log(line);
}

/** Brings up everything that every scenario needs. */
async function openBench(
  options: BenchOptions,
  surroundings: {
    readonly services: Services;
    readonly folder: string;
    readonly signal: AbortSignal;
  },
): Promise<Bench> {
  const { services, folder, signal } = surroundings;
  const postgres = await startPostgres({ dataDir: join(folder, "postgres"), keep: false, say });
  await services.keep(postgres, postgres.dataDir);
  const redis = await startRedis({ dataDir: join(folder, "redis"), keep: false, say });
  await services.keep(redis);
  const stores = new BenchStores(postgres, redis);
  await stores.open();
  const logs = ownFolder(join(logsFolder, "bench"), "private");
  const generator = await startGenerator(join(logs, "generator.log"));
  await services.keep(generator);
  const peers: Contender[] = [];
  for (const path of options.peers) peers.push(await preparePeer(path, folder));
  return {
    smoke: options.smoke,
    rounds: options.rounds,
    peers,
    stores,
    generator,
    logs,
    signal,
    keep: (service) => services.keep(service),
    say,
  };
}

async function runOne(bench: Bench, { name, asserts, run }: Scenario): Promise<Outcome> {
  const begun = performance.now();
  const figures = new Figures();
  const faults = await run(bench, figures);
  const rows = figures.rows();
  const seconds = Math.round((performance.now() - begun) / 1_000);
  const verdict = faults.length === 0 ? asserts : faults.join(", ");
  say(`\n${name} (${seconds} s): ${verdict}\n${tableOf(rows)}\n`);
  return { scenario: name, asserts, seconds, faults, figures: rows };
}

async function runAll(bench: Bench, options: BenchOptions, folder: string): Promise<boolean> {
  const machine = await describeMachine(folder, await bench.stores.versions());
  say(machineLine(machine));
  const outcomes: Outcome[] = [];
  for (const scenario of options.scenarios) {
    outcomes.push(await runOne(bench, scenario));
    if (options.json !== null) writeFileSync(options.json, jsonOf(machine, options, outcomes));
  }
  const faults = outcomes.flatMap((one) => one.faults.map((fault) => `${one.scenario}: ${fault}`));
  say(faults.length === 0 ? "bench: every answer was right" : `bench: ${faults.join(", ")}`);
  return faults.length === 0;
}

function jsonOf(machine: Machine, options: BenchOptions, outcomes: readonly Outcome[]): string {
  const { smoke, rounds } = options;
  const at = new Date().toISOString();
  return `${JSON.stringify({ at, machine, smoke, rounds, scenarios: outcomes }, null, 2)}\n`;
}

/** Everything between the start of the stores and the last figure; resolves with whether all answers were right. */
async function measure(
  options: BenchOptions,
  surroundings: Parameters<typeof openBench>[1],
): Promise<boolean> {
  const bench = await openBench(options, surroundings);
  try {
    return await runAll(bench, options, surroundings.folder);
  } finally {
    await bench.stores.close();
  }
}

async function main(): Promise<number> {
  const stop = listenForStop();
  const folder = mkdtempSync(join(tmpdir(), "hookdesk-bench-"));
  const services = new Services(await openRun("bench", [folder]));
  try {
    const options = readOptions(process.argv.slice(2));
    if (options.help) {
      say(usage);
      return 0;
    }
    const measured = measure(options, { services, folder, signal: stop.signal });
    // Whoever wants to stop does not wait for the figures.
    const right = await Promise.race([measured, stop.requested.then(() => false)]);
    return right ? 0 : 1;
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
