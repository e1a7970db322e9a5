/**
 * What a running command has started, written down so that a killed one leaves nothing that blocks the next.
 *
 *   none ─ open ─▶ open ─ add a process ─▶ open ─ close ─▶ none
 *   open, its launcher dead ─ the next command ends its processes and removes its folders ─▶ none
 *
 * One file per command in `.hookdesk/runs`; `start.json` can exist once, so it is also the lock of `npm start`.
 */
import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ownFolder, stateFolder } from "./folders.ts";
import { endProcess, identify, isRunning } from "./process-identity.ts";
import { CannotStart, errorCode } from "./service.ts";

const identityShape = z.object({ pid: z.number(), startedAt: z.string() });
const startedShape = identityShape.extend({
  name: z.string(),
  /** PostgreSQL waits for its clients after SIGTERM, and stops at once in good order after SIGINT. */
  signal: z.enum(["SIGTERM", "SIGINT"]),
  /** Whether it leads a process group that ends with it. */
  group: z.boolean(),
});
const runShape = z.object({
  launcher: identityShape,
  processes: z.array(startedShape),
  /** Throw-away folders. */
  folders: z.array(z.string()),
  /** Where the system listens, as environment variables for the commands that talk to it. */
  environment: z.record(z.string(), z.string()),
});

export type Run = z.infer<typeof runShape>;
export type StartedProcess = Omit<z.infer<typeof startedShape>, "startedAt">;

const leftoverDeadlineMs = 10_000;

/** The record of this command while it runs. */
export class RunRecord {
  readonly #file: string;
  #run: Run;

  constructor(file: string, run: Run) {
    this.#file = file;
    this.#run = run;
  }

  async add(started: StartedProcess): Promise<void> {
    const identity = await identify(started.pid);
    if (identity === undefined) return;
    const processes = [...this.#run.processes, { ...started, ...identity }];
    this.#write({ ...this.#run, processes });
  }

  addFolder(folder: string): void {
    this.#write({ ...this.#run, folders: [...this.#run.folders, folder] });
  }

  announce(environment: Readonly<Record<string, string>>): void {
    this.#write({ ...this.#run, environment: { ...environment } });
  }

  close(): void {
    rmSync(this.#file, { force: true });
  }

  #write(run: Run): void {
    this.#run = run;
    const draft = `${this.#file}.${process.pid}`;
    writeFileSync(draft, JSON.stringify(run), { mode: 0o600 });
    renameSync(draft, this.#file);
  }
}

/** Opens the record of this command after clearing up behind dead ones. Rejects when `npm start` already runs here. */
export async function openRun(
  command: "start" | "test" | "bench" | "drill",
  folders: readonly string[] = [],
): Promise<RunRecord> {
  const runsFolder = ownFolder(join(ownFolder(stateFolder, "enter"), "runs"), "private");
  await clearLeftovers(runsFolder);
  const launcher = await identify(process.pid);
  if (launcher === undefined)
    throw new CannotStart("The processes of this machine cannot be read.");
  const run: Run = { launcher, processes: [], folders: [...folders], environment: {} };
  const file = join(
    runsFolder,
    command === "start" ? "start.json" : `${command}-${process.pid}.json`,
  );
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(run), { mode: 0o600 });
  try {
    linkSync(draft, file);
  } catch (error) {
    if (errorCode(error) === "EEXIST") throw alreadyRuns(file);
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return new RunRecord(file, run);
}

function alreadyRuns(file: string): CannotStart {
  const run = readRun(file);
  return new CannotStart(
    `It already runs from this folder (process ${run?.launcher.pid ?? "unknown"}). Stop that one first.`,
  );
}

function readRun(file: string): Run | undefined {
  try {
    return runShape.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return undefined;
  }
}

async function clearLeftovers(runsFolder: string): Promise<void> {
  for (const name of readdirSync(runsFolder).filter((entry) => entry.endsWith(".json"))) {
    const file = join(runsFolder, name);
    const run = readRun(file);
    if (run !== undefined && (await isRunning(run.launcher))) continue;
    if (run !== undefined) await endRun(run);
    rmSync(file, { force: true });
  }
}

/** Last started, first ended, as in an orderly stop. */
async function endRun(run: Run): Promise<void> {
  for (const { pid, startedAt, signal, group } of run.processes.toReversed()) {
    await endProcess({ pid, startedAt }, { signal, group, deadlineMs: leftoverDeadlineMs });
  }
  for (const folder of run.folders) rmSync(folder, { recursive: true, force: true });
}
