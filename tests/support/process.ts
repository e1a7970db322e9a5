import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startChild } from "../../scripts/services/child.ts";
import { eventually } from "./eventually.ts";

/** Hookdesk as a process of its own. */
export type HookdeskProcess = {
  readonly pid: number;
  readonly url: string;
  /** Everything it has printed so far, on both streams. */
  readonly output: () => string;
  readonly running: () => boolean;
  readonly signal: (signal: ProcessSignal) => void;
  /** Its exit code. */
  readonly exited: Promise<number>;
  /** Ends it if it still runs. */
  readonly end: () => Promise<void>;
};

/** `SIGUSR2` is for a file that was loaded before the program. */
type ProcessSignal = "SIGTERM" | "SIGINT" | "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGUSR2";

export type ProcessWishes = {
  /** Lets others run first on busy cores. */
  readonly standsBack?: boolean;
  /** A file that is loaded before the program. */
  readonly preload?: string;
};

const projectFolder = join(import.meta.dir, "..", "..");

/** How far a process stands back for others (`nice`): on busy cores about an eighth of their share. */
const backNiceness = 10;

/**
 * Starts a process for a role with this environment and nothing else; the port is that of the environment. One that stands back
 * lets the test's own process run first: a platform that has to wait for a core sees calls bunched that came one after another.
 */
export function startProcess(
  environment: Readonly<Record<string, string>>,
  role = "all",
  { standsBack = false, preload }: ProcessWishes = {},
): HookdeskProcess {
  const printed: string[] = [];
  const before = standsBack ? ["nice", "-n", `${backNiceness}`] : [];
  const child = Bun.spawn([...before, ...commandOf(role, preload)], {
    cwd: projectFolder,
    env: environmentOf(environment),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const drained = Promise.all([collect(child.stdout, printed), collect(child.stderr, printed)]);
  return {
    pid: child.pid,
    url: `http://127.0.0.1:${environment["PORT"]}`,
    output: () => printed.join(""),
    running: () => child.exitCode === null && child.signalCode === null,
    signal: (signal) => child.kill(signal),
    exited: child.exited.then(async (code) => {
      await drained;
      return code;
    }),
    end: async () => {
      if (child.exitCode === null) child.kill("SIGKILL");
      await child.exited;
    },
  };
}

/** Starts a process whose output nobody reads, as when a log collector has died: writing it fails. */
export function startUnread(
  environment: Readonly<Record<string, string>>,
  role: string,
): Pick<HookdeskProcess, "url" | "running" | "end"> {
  const folder = mkdtempSync(join(tmpdir(), "hookdesk-unread-"));
  const shell = startChild({
    name: "unread Hookdesk",
    command: "sh",
    args: ["-c", '"$0" "$@" 2>&1 | true', ...commandOf(role)],
    cwd: projectFolder,
    env: environmentOf(environment),
    output: { file: join(folder, "shell.log") },
    stopDeadlineMs: 5_000,
  });
  let running = true;
  void shell.exited.then(() => {
    running = false;
  });
  return {
    url: `http://127.0.0.1:${environment["PORT"]}`,
    running: () => running,
    end: async () => {
      await shell.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

function commandOf(role: string, preload?: string): string[] {
  const loaded = preload === undefined ? [] : ["--preload", preload];
  return [process.execPath, "--no-env-file", ...loaded, join("src", "main.ts"), `--role=${role}`];
}

function environmentOf(environment: Readonly<Record<string, string>>): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "", ...environment };
}

async function collect(stream: ReadableStream<Uint8Array>, into: string[]): Promise<void> {
  const decoder = new TextDecoder();
  for await (const bytes of stream) into.push(decoder.decode(bytes, { stream: true }));
}

/** The status of an address; null when nobody answers. */
export async function statusOf(url: string): Promise<number | null> {
  try {
    const response = await fetch(url);
    await response.arrayBuffer();
    return response.status;
  } catch {
    return null;
  }
}

/** Resolves when every service of the process has started, as it says itself at `LOG_LEVEL` info. */
export async function becomesRunning(one: HookdeskProcess): Promise<void> {
  await eventually("the process runs", () => {
    if (!one.running()) throw new Error(`the process ended before it ran:\n${one.output()}`);
    return one.output().includes('"message":"running"');
  });
}

/** Resolves when the process works on a migrated database. */
export function becomesReady(one: { readonly url: string }): Promise<unknown> {
  return eventually(
    "Hookdesk is ready",
    async () => (await statusOf(`${one.url}/health/ready`)) === 200,
  );
}

type Health = {
  readonly status: string;
  readonly checks: Readonly<
    Record<
      string,
      ({ readonly status: string; readonly message: string } & Record<string, unknown>) | undefined
    >
  >;
};

/** What `/health` says now; null when nobody answers. */
export async function healthOf(one: { readonly url: string }): Promise<Health | null> {
  try {
    const response = await fetch(`${one.url}/health`);
    const body: Health = JSON.parse(await response.text());
    return body;
  } catch {
    return null;
  }
}
