import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ownFolder, shown, stateFolder } from "../services/folders.ts";
import type { Services } from "../services/services.ts";
import { isGreen, reportOf } from "./report.ts";
import { type RunPlan, type RunResult, runDrill } from "./run.ts";
import { DrillRedis, openPostgres } from "./stores.ts";

/** One PostgreSQL and one Redis for the runs of a command, and the folder in which their histories lie. */
export type Session = {
  readonly folder: string;
  readonly play: (plan: RunPlan, tree: string) => Promise<RunResult>;
};

export type SessionOptions = {
  readonly services: Services;
  readonly say: (line: string) => void;
  /** Histories and logs of green runs stay as well. */
  readonly keep: boolean;
  /** Aborted when somebody wants the drill to end: nothing is started again from then on. */
  readonly signal: AbortSignal;
};

/** Brings up the stores; the services stop them. */
export async function openSession({
  services,
  say,
  keep,
  signal,
}: SessionOptions): Promise<Session> {
  const base = ownFolder(join(ownFolder(stateFolder, "enter"), "drill"), "enter");
  const folder = ownFolder(join(base, `${Date.now()}-${process.pid}`), "enter");
  const postgres = await openPostgres(join(folder, "stores"), services);
  const redis = new DrillRedis(join(folder, "stores", "redis"), services);
  await redis.start();
  let number = 0;
  const play = async (plan: RunPlan, tree: string): Promise<RunResult> => {
    number += 1;
    const own = join(folder, `run-${number}`);
    mkdirSync(own, { recursive: true });
    const stage = {
      tree,
      folder: own,
      database: `drill_${number}`,
      postgres,
      redis,
      services,
      signal,
    };
    const result = await runDrill(plan, stage, say);
    say(reportOf(plan, result));
    if (isGreen(result) && !keep) rmSync(own, { recursive: true, force: true });
    else say(`      histories and logs: ${shown(own)}`);
    return result;
  };
  return { folder, play };
}

/** The data of the stores is of no use to anybody afterwards. */
export function forgetStores({ folder }: Session): void {
  rmSync(join(folder, "stores"), { recursive: true, force: true });
  rmSync(join(folder, "tree"), { recursive: true, force: true });
  if (readdirSync(folder).length === 0) rmSync(folder, { recursive: true });
}
