/**
 * The embedded PostgreSQL, driven by pg_ctl.
 *
 *   none ─ initdb in a draft folder, renamed when whole ─▶ stopped ─ pg_ctl start ─▶ running ─ stop() ─▶ stopped
 *   running without a launcher (it was killed) ─ found by its pid file, stopped ─▶ stopped
 *
 * The data folder is ours and holds the password; `cluster` in it belongs to the account that runs PostgreSQL. So as
 * root we never write a file into a folder where another user could have put a link in its place.
 */
import { randomBytes } from "node:crypto";
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { accountFor, reaches } from "./account.ts";
import { outsideFolder, ownFolder, shortHash } from "./folders.ts";
import { freePort } from "./ports.ts";
import { complaint, findPostgres, type PostgresPrograms, runProgram } from "./postgres-programs.ts";
import { identify, isRunning, type ProcessIdentity, worksIn } from "./process-identity.ts";
import { CannotStart, type Service } from "./service.ts";
import { until } from "./until.ts";

export type PostgresOptions = {
  readonly dataDir: string;
  /** Whether the data stays after `stop`. */
  readonly keep: boolean;
  /** Told in one line where things are when they cannot be where they were wanted. */
  readonly say?: (line: string) => void;
};

export type RunningPostgres = Service & {
  /** With the password: never to be printed. */
  readonly url: string;
  readonly port: number;
  /** Where the data really is. */
  readonly dataDir: string;
};

/** A cluster with all that is needed to work on it. */
type Cluster = { readonly programs: PostgresPrograms; readonly folder: string };

const user = "hookdesk";
const passwordBytes = 24;
const startTimeoutS = 60;
const stopTimeoutS = 15;
const startAttemptsMax = 3;
const deathPollMs = 500;
const majorVersion = "15";

const settings: Readonly<Record<string, string>> = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "200",
  shared_buffers: "256MB",
  wal_compression: "on",
  max_wal_size: "2GB",
  timezone: "UTC",
  log_timezone: "UTC",
  // Values of parameters and of failing rows are what customers wrote: they stay out of the log.
  log_parameter_max_length: "0",
  log_parameter_max_length_on_error: "0",
  log_error_verbosity: "terse",
};

/** Starts a PostgreSQL on a free loopback port. Rejects with `CannotStart` when it cannot be had. */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const dataDir = await reachableFolder(options);
  const folder = join(dataDir, "cluster");
  const programs = await findPostgres(accountFor(folder));
  const cluster: Cluster = { programs, folder };
  const password = keptPassword(dataDir);
  if (!existsSync(folder)) await createCluster(cluster, { password, durable: options.keep });
  requireVersion(folder);
  await stopLeftover(cluster);
  const port = await startServer(cluster);
  const postmaster = await requirePostmaster(folder);
  const stop = async () => {
    await stopServer(cluster);
    if (options.keep) return;
    for (const path of [dataDir, options.dataDir]) rmSync(path, { recursive: true, force: true });
  };
  return {
    name: "PostgreSQL",
    pid: postmaster.pid,
    port,
    dataDir,
    url: `postgresql://${user}:${password}@127.0.0.1:${port}/${user}`,
    exited: death(postmaster),
    stop,
  };
}

/** The wanted folder, or one outside the project when PostgreSQL's user cannot enter it. */
async function reachableFolder({ dataDir, say }: PostgresOptions): Promise<string> {
  const outside = join(outsideFolder, `${basename(dataDir)}-${shortHash(dataDir)}`);
  ownFolder(dataDir, "enter");
  const account = accountFor(join(dataDir, "cluster"));
  if (account === undefined || (await reaches(account, "-x", dataDir))) return dataDir;
  ownFolder(outsideFolder, "enter");
  say?.(
    `PostgreSQL may not run as root and its user cannot enter ${dataDir}: it lives in ${outside}`,
  );
  return ownFolder(outside, "enter");
}

function keptPassword(dataDir: string): string {
  const file = join(dataDir, "password");
  if (!existsSync(file)) {
    writeFileSync(file, randomBytes(passwordBytes).toString("hex"), { mode: 0o600 });
  }
  return readFileSync(file, "utf8");
}

async function createCluster(
  { programs, folder }: Cluster,
  { password, durable }: { readonly password: string; readonly durable: boolean },
): Promise<void> {
  const draft = `${folder}.draft`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  const { account } = programs;
  if (account !== undefined) chownSync(draft, account.uid, account.gid);
  // macOS has no C.UTF-8; "C" sorts the same.
  const locale = process.platform === "darwin" ? "C" : "C.UTF-8";
  const auth = ["--auth-local=reject", "--auth-host=scram-sha-256"];
  const args = ["-D", draft, "-U", user, `--locale=${locale}`, "--encoding=UTF8", ...auth];
  const made = await runProgram(programs, "initdb", durable ? args : [...args, "--no-sync"]);
  if (!made.ok) throw new CannotStart(`PostgreSQL could not create its data: ${complaint(made)}`);
  const sql = `ALTER ROLE ${user} PASSWORD '${password}';\nCREATE DATABASE ${user};\n`;
  const single = ["--single", "-D", draft, "-c", "exit_on_error=on", "postgres"];
  const prepared = await runProgram(programs, "postgres", single, sql);
  if (!prepared.ok) {
    throw new CannotStart(`PostgreSQL could not prepare its data: ${complaint(prepared)}`);
  }
  renameSync(draft, folder);
}

function requireVersion(folder: string): void {
  const found = readFileSync(join(folder, "PG_VERSION"), "utf8").trim();
  if (found === majorVersion) return;
  throw new CannotStart(
    `The data in ${folder} is of PostgreSQL ${found}, the embedded one is ${majorVersion}. Move that folder away to start empty.`,
  );
}

/** The process that the pid file names, whether or not it still is a PostgreSQL. */
function notedPid(folder: string): number | undefined {
  const file = join(folder, "postmaster.pid");
  const pid = existsSync(file) ? Number.parseInt(readFileSync(file, "utf8"), 10) : Number.NaN;
  return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
}

/** A server whose launcher was killed is stopped; a pid file whose number now belongs to another program is removed. */
async function stopLeftover(cluster: Cluster): Promise<void> {
  const pid = notedPid(cluster.folder);
  if (pid === undefined) return;
  if (await worksIn(pid, realpathSync(cluster.folder))) await stopServer(cluster);
  else if ((await identify(pid)) !== undefined) rmSync(join(cluster.folder, "postmaster.pid"));
}

/** Between the choice of a port and its use somebody else may take it, so a start is tried a few times. */
async function startServer(cluster: Cluster): Promise<number> {
  let failure = "";
  for (let attempt = 0; attempt < startAttemptsMax; attempt += 1) {
    const port = await freePort();
    const given = Object.entries({ ...settings, port: String(port) });
    const flags = given.map(([name, value]) => `-c ${name}='${value}'`).join(" ");
    const log = join(cluster.folder, "server.log");
    const args = ["start", "-D", cluster.folder, "-l", log, "-o", flags, "-t", `${startTimeoutS}`];
    const started = await runProgram(cluster.programs, "pg_ctl", [...args, "-w", "-s"]);
    if (started.ok) return port;
    failure = `${complaint(started)} (log: ${log})`;
  }
  throw new CannotStart(`PostgreSQL does not start: ${failure}`);
}

async function requirePostmaster(folder: string): Promise<ProcessIdentity> {
  const pid = notedPid(folder);
  const identity = pid === undefined ? undefined : await identify(pid);
  if (identity === undefined) throw new CannotStart("PostgreSQL ended right after its start.");
  return identity;
}

/** pg_ctl puts the server in the background, so its end is seen by looking, not by waiting for a child. */
async function death(postmaster: ProcessIdentity): Promise<string> {
  const gone = async () => ((await isRunning(postmaster)) ? undefined : true);
  await until(gone, { deadlineMs: Number.POSITIVE_INFINITY, everyMs: deathPollMs });
  return "ended";
}

async function stopServer({ programs, folder }: Cluster): Promise<void> {
  if (!existsSync(join(folder, "postmaster.pid"))) return;
  for (const mode of ["fast", "immediate"]) {
    const args = ["stop", "-D", folder, "-m", mode, "-w", "-s", "-t", `${stopTimeoutS}`];
    const stopped = await runProgram(programs, "pg_ctl", args);
    if (stopped.ok) return;
  }
}
