import { join } from "node:path";
import { eventually } from "./eventually.ts";

/** Hookdesk as a process of its own. */
export type HookdeskProcess = {
  readonly pid: number;
  readonly url: string;
  /** Everything it has printed so far, on both streams. */
  readonly output: () => string;
  /** Closes our ends of its streams, as when a log collector dies. */
  readonly stopReading: () => void;
  readonly running: () => boolean;
  readonly signal: (signal: "SIGTERM" | "SIGINT" | "SIGKILL") => void;
  /** Its exit code. */
  readonly exited: Promise<number>;
  /** Ends it if it still runs. */
  readonly end: () => Promise<void>;
};

const projectFolder = join(import.meta.dir, "..", "..");

/** Starts a process for a role with this environment and nothing else; the port is that of the environment. */
export function startProcess(
  environment: Readonly<Record<string, string>>,
  role = "all",
): HookdeskProcess {
  const printed: string[] = [];
  const child = Bun.spawn(
    [process.execPath, "--no-env-file", join("src", "main.ts"), `--role=${role}`],
    {
      cwd: projectFolder,
      env: { PATH: process.env["PATH"] ?? "", ...environment },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    },
  );
  const readers = [child.stdout.getReader(), child.stderr.getReader()];
  const drained = Promise.all(readers.map((reader) => collect(reader, printed)));
  return {
    pid: child.pid,
    url: `http://127.0.0.1:${environment["PORT"]}`,
    output: () => printed.join(""),
    stopReading: () => {
      for (const reader of readers) void reader.cancel();
    },
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

type Reader = {
  readonly read: () => Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
};

async function collect(reader: Reader, into: string[]): Promise<void> {
  const decoder = new TextDecoder();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    into.push(decoder.decode(value, { stream: true }));
  }
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
