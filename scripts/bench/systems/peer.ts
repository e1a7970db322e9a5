import { cpSync, existsSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { run } from "../../services/command.ts";
import { freePort } from "../../services/ports.ts";
import { CannotStart } from "../../services/service.ts";
import { answersAt, controlsOf, Processes, type Program } from "./processes.ts";
import type { Contender, RunningSystem, Surroundings } from "./system.ts";

/**
 * A peer is a folder with a package.json and programs of one of two forms, told apart by their names:
 *   server.mjs and worker.mjs  Node: Chat2Desk's webhooks at /webhook/chat2desk into a BullMQ queue, replies to $CHAT2DESK_API_URL
 *   bot.mjs                    Bun: Telegram's updates at /, replies to $TELEGRAM_API_URL within the update
 * A schema.sql is run first. It is copied, and installed in the copy: the folder itself is never written to.
 */
const installTimeoutMs = 300_000;
/** What the peers' READMEs and the bench's issue name. */
const workerConcurrency = "50";
/** BullMQ's list of jobs that wait, under the name of the peer's queue. */
const waitingJobs = "bull:messages:wait";

/** Copies and installs a peer. @throws CannotStart when it is no peer or cannot be installed. */
export async function preparePeer(path: string, folder: string): Promise<Contender> {
  const source = resolve(path);
  const name = basename(source);
  const copy = join(folder, "peers", name);
  if (!existsSync(join(source, "package.json"))) throw noPeer(path);
  cpSync(source, copy, { recursive: true });
  const installed = await run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: copy,
    timeoutMs: installTimeoutMs,
  });
  if (!installed.ok)
    throw new CannotStart(`The peer ${name} cannot be installed: ${installed.stderr}`);
  if (existsSync(join(copy, "bot.mjs")))
    return { name, kind: "inline", start: (given) => startInline(name, copy, given) };
  if (existsSync(join(copy, "server.mjs")) && existsSync(join(copy, "worker.mjs")))
    return {
      name,
      kind: "queue",
      start: (given, workers) => startQueue(copy, { ...given, name }, workers),
    };
  throw noPeer(path);
}

function noPeer(path: string): CannotStart {
  return new CannotStart(
    `${path} is no peer: see scripts/bench/README.md for what such a folder holds.`,
  );
}

async function startQueue(
  copy: string,
  given: Surroundings & { readonly name: string },
  workers: boolean,
): Promise<RunningSystem> {
  const { stores, name } = given;
  await prepareTables(copy, given);
  const port = await freePort();
  const processes = new Processes(name, given);
  const program = (file: "server" | "worker"): Program => ({
    name: file,
    command: "node",
    args: [`${file}.mjs`],
    cwd: copy,
    env: { ...environment(given), PORT: String(port), WORKER_CONCURRENCY: workerConcurrency },
  });
  await processes.startDoor(program("server"));
  await processes.ready(() => answersAt(`http://127.0.0.1:${port}/health`));
  const startWorkers = () => processes.startWorker(program("worker"));
  if (workers) await startWorkers();
  return {
    ...controlsOf(processes),
    target: { port, paths: ["/webhook/chat2desk"], dialect: "chat2desk", token: "" },
    startWorkers,
    accepted: () => stores.redis.llen(waitingJobs),
  };
}

async function startInline(
  name: string,
  copy: string,
  given: Surroundings,
): Promise<RunningSystem> {
  await prepareTables(copy, given);
  const port = await freePort();
  const processes = new Processes(name, given);
  await processes.startDoor({
    name: "bot",
    command: process.execPath,
    args: ["bot.mjs"],
    cwd: copy,
    env: { ...environment(given), PORT: String(port) },
  });
  await processes.ready(() => answersAt(`http://127.0.0.1:${port}/`));
  return {
    ...controlsOf(processes),
    target: { port, paths: ["/"], dialect: "telegram", token: "" },
    startWorkers: async () => undefined,
    accepted: async () => null,
  };
}

function environment({ stores, sinkUrl }: Surroundings): Program["env"] {
  return {
    PATH: process.env["PATH"],
    NODE_ENV: "production",
    REDIS_PORT: String(stores.redisPort),
    DATABASE_URL: stores.databaseUrl,
    CHAT2DESK_API_URL: sinkUrl,
    TELEGRAM_API_URL: sinkUrl,
  };
}

async function prepareTables(copy: string, { stores }: Surroundings): Promise<void> {
  const file = join(copy, "schema.sql");
  if (existsSync(file)) await stores.sql.query(readFileSync(file, "utf8"));
}
