import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { startChild } from "../services/child.ts";
import { projectFolder } from "../services/folders.ts";
import { freePort } from "../services/ports.ts";
import { readiness } from "../services/readiness.ts";
import type { Service } from "../services/service.ts";

/** A system under test: where its webhooks go and which processes are its own. */
export type Candidate = {
  readonly name: string;
  readonly webhookUrl: string;
  readonly token: string;
  readonly processes: readonly Service[];
  readonly stop: () => Promise<void>;
};

export type CandidateOptions = {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly platformUrl: string;
  /** Processes by role, e.g. `{ web: 1, worker: 1, outbox: 1 }`. */
  readonly roles: Readonly<Record<string, number>>;
  readonly logs: string;
  readonly signal: AbortSignal;
};

const token = "bench-token";
const stopDeadlineMs = 15_000;
const readyDeadlineMs = 20_000;

/** Starts Hookdesk's processes and waits until the web process is ready and a worker and a sender live. */
export async function startHookdeskCandidate(options: CandidateOptions): Promise<Candidate> {
  const port = await freePort();
  mkdirSync(options.logs, { recursive: true });
  const environment = {
    PATH: process.env["PATH"],
    HOST: "127.0.0.1",
    PORT: String(port),
    DATABASE_URL: options.databaseUrl,
    REDIS_URL: options.redisUrl,
    CHAT2DESK_API_URL: options.platformUrl,
    CHAT2DESK_API_TOKEN: token,
    // The limit is not what this measures: it is high enough never to be met.
    CHAT2DESK_RATE_LIMIT: "1000000/60s",
    LOG_LEVEL: "warn",
  };
  const names = Object.entries(options.roles).flatMap(([role, count]) =>
    Array.from({ length: count }, (_, index) => ({ role, name: `${role}-${index + 1}` })),
  );
  const processes = names.map(({ role, name }) =>
    startChild({
      name,
      command: process.execPath,
      args: ["--no-env-file", join("src", "main.ts"), `--role=${role}`],
      cwd: projectFolder,
      env: environment,
      output: { file: join(options.logs, `${name}.log`) },
      stopDeadlineMs,
    }),
  );
  const stop = async () => {
    await Promise.all(processes.map((service) => service.stop()));
  };
  const url = `http://127.0.0.1:${port}`;
  const [first] = processes;
  if (first === undefined) throw new Error("a candidate needs processes");
  try {
    await readiness(first, {
      log: join(options.logs, `${first.name}.log`),
      deadlineMs: readyDeadlineMs,
      signal: options.signal,
      ask: () => healthy(url),
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { name: "hookdesk", webhookUrl: `${url}/webhook/chat2desk`, token, processes, stop };
}

async function healthy(url: string): Promise<true | undefined> {
  try {
    const health: unknown = await (await fetch(`${url}/health`)).json();
    const ok =
      typeof health === "object" && health !== null && "status" in health && health.status === "ok";
    return ok ? true : undefined;
  } catch {
    return undefined;
  }
}
