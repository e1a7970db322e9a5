import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, renameSync } from "node:fs";
import { signalProcess } from "./process-identity.ts";
import { CannotStart, errorCode, type Service } from "./service.ts";

export type ChildOptions = {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Gets all output; the file of the run before is kept beside it. `inherit` shows the output instead. */
  readonly output: { readonly file: string } | "inherit";
  readonly stopDeadlineMs: number;
};

const logModeOwnerOnly = 0o600;

/**
 * Starts a program that stays. It leads a process group of its own, so that Ctrl-C reaches only the launcher, which
 * then stops everything in its order, and so that nothing the program started outlives it.
 */
export function startChild(options: ChildOptions): Service {
  const { promise: exited, resolve } = Promise.withResolvers<string>();
  const log = options.output === "inherit" ? undefined : openLog(options.output.file);
  const child = spawn(options.command, options.args, {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ["ignore", log ?? "inherit", log ?? "inherit"],
  });
  if (log !== undefined) closeSync(log);
  child.on("error", (error) => resolve(`could not be started (${errorCode(error)})`));
  child.on("exit", (code, signal) => {
    resolve(code === null ? `was ended by ${signal}` : `ended with code ${code}`);
  });
  const pid = child.pid;
  if (pid === undefined) throw new CannotStart(`${options.name} could not be started.`);
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= endGroup(pid, exited, options.stopDeadlineMs);
    return stopped;
  };
  return { name: options.name, pid, exited, stop };
}

/** Opens a log to append to, as a child's output needs, after putting the last run's aside. */
function openLog(file: string): number {
  if (existsSync(file)) renameSync(file, file.replace(/\.log$/, ".previous.log"));
  return openSync(file, "a", logModeOwnerOnly);
}

async function endGroup(pid: number, exited: Promise<string>, deadlineMs: number): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, deadlineMs);
  signalProcess(-pid, "SIGTERM");
  await Promise.race([exited, late]);
  clearTimeout(timer);
  signalProcess(-pid, "SIGKILL");
  await exited;
}
