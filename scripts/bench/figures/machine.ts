import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import { run } from "../../services/command.ts";

/** The machine and what ran on it: without it a figure says nothing. */
export type Machine = {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGb: number;
  readonly system: string;
  /** Median of single 8 kB writes with fdatasync, in the folder of the stores, ms: what a commit waits for. */
  readonly syncMs: number;
  /** Load average of the last minute when the bench began: what else ran. */
  readonly load: number;
  readonly bun: string;
  readonly node: string;
  readonly postgres: string;
  readonly redis: string;
};

const bytesPerGb = 1_024 ** 3;
const syncBytes = 8_192;
const syncTries = 51;

/** Looks at the machine; takes a moment. */
export async function describeMachine(
  folder: string,
  versions: { readonly postgres: string; readonly redis: string },
): Promise<Machine> {
  const node = await run("node", ["--version"]);
  return {
    ...versions,
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? "unknown",
    memoryGb: Math.round(totalmem() / bytesPerGb),
    system: `${process.platform} ${release()}`,
    syncMs: measureSync(folder),
    load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    bun: Bun.version,
    node: node.ok ? node.stdout.trim() : "none",
  };
}

/** One line for people. */
export function machineLine(machine: Machine): string {
  const { cores, cpu, memoryGb, system, syncMs, bun, node, postgres, redis, load } = machine;
  return `${cores} cores (${cpu}), ${memoryGb} GB, ${system}, fdatasync ${syncMs} ms; Bun ${bun}, Node ${node}, PostgreSQL ${postgres}, Redis ${redis}; load before ${load}`;
}

function measureSync(folder: string): number {
  const path = join(folder, "sync-probe");
  const file = openSync(path, "w");
  const page = new Uint8Array(syncBytes);
  const times = Array.from({ length: syncTries }, () => {
    const begun = performance.now();
    writeSync(file, page);
    fdatasyncSync(file);
    return performance.now() - begun;
  });
  closeSync(file);
  rmSync(path);
  const median = times.toSorted((a, b) => a - b)[Math.floor(syncTries / 2)] ?? 0;
  return Math.round(median * 1_000) / 1_000;
}
