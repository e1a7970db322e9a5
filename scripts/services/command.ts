import { spawn } from "node:child_process";
import { errorCode } from "./service.ts";

const timeoutMsDefault = 60_000;

/** Another user to run a program as; only root can. */
export type Account = { readonly uid: number; readonly gid: number };

export type CommandOptions = {
  readonly cwd?: string;
  /** The whole environment of the command; that of this process when left out. */
  readonly env?: Readonly<Record<string, string>>;
  readonly account?: Account | undefined;
  readonly input?: string;
  readonly timeoutMs?: number;
};

export type CommandResult = {
  readonly ok: boolean;
  readonly stdout: string;
  /** What it complained about; also says so when it could not be started at all. */
  readonly stderr: string;
};

/** Runs a short-lived program to its end. Never rejects: a program that is not there is a failed one. */
export function run(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { promise, resolve } = Promise.withResolvers<CommandResult>();
  const child = spawn(command, args, {
    cwd: options.cwd ?? process.cwd(),
    env: options.env ?? process.env,
    timeout: options.timeoutMs ?? timeoutMsDefault,
    killSignal: "SIGKILL",
    ...options.account,
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.on("error", (error) => {
    resolve({ ok: false, stdout, stderr: `${command}: ${errorCode(error) || error.message}` });
  });
  child.on("close", (code) => resolve({ ok: code === 0, stdout, stderr }));
  child.stdin.on("error", () => {
    // A program that ends without reading its input is judged by its exit code.
  });
  child.stdin.end(options.input ?? "");
  return promise;
}
