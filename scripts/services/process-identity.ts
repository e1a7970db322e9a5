/**
 * Which process is it? Numbers of processes are given out again, so a number alone must never be killed.
 * A process that we started is known by its number and its start time; a server found through the pid file in its
 * data folder is known by its number and by that folder being its working folder, which both servers make it.
 */
import { readFileSync, readlinkSync } from "node:fs";
import { run } from "./command.ts";
import { errorCode } from "./service.ts";
import { until } from "./until.ts";

export type ProcessIdentity = { readonly pid: number; readonly startedAt: string };

/** How a process is asked to end: its own number, or the whole group that it leads. */
export type EndOptions = {
  readonly signal: "SIGTERM" | "SIGINT";
  readonly group: boolean;
  readonly deadlineMs: number;
};

const startTimeField = 19;
const killWaitMs = 5_000;

/** Knows a live process again later; `undefined` when it is gone (a zombie is gone as well). */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const startedAt = process.platform === "linux" ? linuxStart(pid) : await psStart(pid);
  return startedAt === undefined ? undefined : { pid, startedAt };
}

function linuxStart(pid: number): string | undefined {
  const stat = readProc(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  const started = fields?.[startTimeField];
  if (started === undefined || fields?.[0] === "Z") return undefined;
  return `${started}@${readProc("/proc/sys/kernel/random/boot_id")?.trim()}`;
}

function readProc(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

async function psStart(pid: number): Promise<string | undefined> {
  const { stdout } = await run("ps", ["-o", "stat=,lstart=", "-p", String(pid)]);
  const line = stdout.trim();
  return line === "" || line.startsWith("Z") ? undefined : line.slice(line.indexOf(" ")).trim();
}

/** Whether exactly this process still runs. */
export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  const now = await identify(identity.pid);
  return now?.startedAt === identity.startedAt;
}

/** Whether the process has this folder (a real path, without links) as its working folder. */
export async function worksIn(pid: number, folder: string): Promise<boolean> {
  if ((await identify(pid)) === undefined) return false;
  if (process.platform === "linux") return linuxFolder(pid) === folder;
  const { stdout } = await run("lsof", ["-a", "-p", String(pid), "-d", "cwd", "-Fn"]);
  return stdout.split("\n").includes(`n${folder}`);
}

function linuxFolder(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

/** Sends a signal; a process that is already gone is what was wanted. */
export function signalProcess(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch (error) {
    if (errorCode(error) !== "ESRCH") throw error;
  }
}

/** Ends exactly this process and waits for it: asked first, by force after the deadline. */
export async function endProcess(identity: ProcessIdentity, options: EndOptions): Promise<void> {
  if (!(await isRunning(identity))) return;
  const target = options.group ? -identity.pid : identity.pid;
  const gone = async () => ((await isRunning(identity)) ? undefined : true);
  signalProcess(target, options.signal);
  if ((await until(gone, { deadlineMs: options.deadlineMs })) === true && !options.group) return;
  signalProcess(target, "SIGKILL");
  await until(gone, { deadlineMs: killWaitMs });
}
