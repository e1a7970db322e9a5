/**
 * The embedded Redis.
 *
 *   stopped ─ start, answers PING ─▶ running ─ stop() ─▶ stopped
 *   running without a launcher (it was killed) ─ found by its pid file, ended ─▶ stopped
 *
 * Two servers on one append-only file would ruin it and Redis has no lock of its own, so the pid file is looked at
 * before each start.
 */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { startChild } from "./child.ts";
import { ownFolder } from "./folders.ts";
import { freePort } from "./ports.ts";
import { endProcess, identify, worksIn } from "./process-identity.ts";
import { findRedis, type RedisProgram } from "./redis-program.ts";
import { CannotStart, type Service } from "./service.ts";
import { until } from "./until.ts";

export type RedisOptions = {
  readonly dataDir: string;
  /** Whether the data stays after `stop`. */
  readonly keep: boolean;
  readonly say?: (line: string) => void;
};

export type RunningRedis = Service & {
  /** With the password: never to be printed. */
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
};

type Access = { readonly port: number; readonly password: string };

const passwordBytes = 24;
const startDeadlineMs = 30_000;
const stopDeadlineMs = 10_000;
const askTimeoutMs = 1_000;
const startAttemptsMax = 3;
const pidFileName = "redis.pid";

/** Starts a Redis with an append-only file on a free loopback port. Rejects with `CannotStart` when it cannot be had. */
export async function startRedis(options: RedisOptions): Promise<RunningRedis> {
  const program = await findRedis(options.say);
  const dataDir = realpathSync(ownFolder(options.dataDir, "private"));
  await endLeftover(dataDir);
  for (let attempt = 0; attempt < startAttemptsMax; attempt += 1) {
    const access = { port: await freePort(), password: randomBytes(passwordBytes).toString("hex") };
    const service = await launch(program, dataDir, access);
    if (service !== undefined) return described(service, { access, dataDir, keep: options.keep });
  }
  throw new CannotStart(`Redis does not start, see ${join(dataDir, "redis.log")}`);
}

type Started = { readonly access: Access; readonly dataDir: string; readonly keep: boolean };

function described(service: Service, { access, dataDir, keep }: Started): RunningRedis {
  const { port, password } = access;
  const stop = async () => {
    await service.stop();
    if (!keep) rmSync(dataDir, { recursive: true, force: true });
  };
  return { ...service, url: `redis://:${password}@127.0.0.1:${port}`, port, dataDir, stop };
}

/** The password stands in a file that only its owner reads: arguments are visible to every user of the machine. */
function configuration(dataDir: string, { port, password }: Access): string {
  return [
    `port ${port}`,
    "bind 127.0.0.1",
    `requirepass ${password}`,
    `dir ${quoted(dataDir)}`,
    `pidfile ${quoted(join(dataDir, pidFileName))}`,
    "daemonize no",
    "appendonly yes",
    "appendfsync everysec",
    'save ""',
    "maxmemory-policy noeviction",
    "",
  ].join("\n");
}

function quoted(path: string): string {
  return `"${path.replace(/["\\]/g, "\\$&")}"`;
}

/** `undefined` when it ended again at once, as it does when its port was taken in the meantime. */
async function launch(
  program: RedisProgram,
  dataDir: string,
  access: Access,
): Promise<Service | undefined> {
  const file = join(dataDir, "redis.conf");
  rmSync(file, { force: true });
  writeFileSync(file, configuration(dataDir, access), { mode: 0o600 });
  const service = startChild({
    name: "Redis",
    command: program.path,
    args: [file],
    cwd: dataDir,
    env: { ...process.env, ...program.env },
    output: { file: join(dataDir, "redis.log") },
    stopDeadlineMs,
  });
  const ended = new AbortController();
  void service.exited.then(() => ended.abort());
  const ready = await until(async () => ((await pings(access)) ? true : undefined), {
    deadlineMs: startDeadlineMs,
    signal: ended.signal,
  });
  if (ready === true && !ended.signal.aborted) return service;
  await service.stop();
  return undefined;
}

/** Whether it takes the password and has finished loading its data. */
function pings({ port, password }: Access): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ port, host: "127.0.0.1", timeout: askTimeoutMs });
  let answer = "";
  socket.on("connect", () => socket.write(`AUTH ${password}\r\nPING\r\n`));
  socket.on("data", (bytes) => {
    answer += bytes.toString();
    if (answer.split("\r\n").length > 2) socket.destroy();
  });
  socket.on("timeout", () => socket.destroy());
  socket.on("error", () => resolve(false));
  socket.on("close", () => resolve(answer.startsWith("+OK\r\n+PONG")));
  return promise;
}

/** A Redis whose launcher was killed; the number in its pid file counts only if that process works in this folder. */
async function endLeftover(dataDir: string): Promise<void> {
  const file = join(dataDir, pidFileName);
  if (!existsSync(file)) return;
  const pid = Number.parseInt(readFileSync(file, "utf8"), 10);
  const identity = (await worksIn(pid, dataDir)) ? await identify(pid) : undefined;
  if (identity !== undefined) {
    await endProcess(identity, { signal: "SIGTERM", group: false, deadlineMs: stopDeadlineMs });
  }
  rmSync(file, { force: true });
}
