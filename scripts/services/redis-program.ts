import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command.ts";
import { stateFolder } from "./folders.ts";
import { CannotStart } from "./service.ts";

/** A Redis or Valkey server and the environment it needs to find its libraries. */
export type RedisProgram = {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
};

const packages = ["redis-tools", "redis-server", "libjemalloc2", "liblzf1", "libatomic1"];
const versionMin = [6, 2] as const;
const aptTimeoutMs = 120_000;
const cacheFolder = join(stateFolder, "cache", "redis");

/** Finds a server on the PATH, else unpacks Debian's without root. `say` is told before a download. */
export async function findRedis(say?: (line: string) => void): Promise<RedisProgram> {
  const installed = await fromPath();
  if (installed !== undefined) return installed;
  const unpacked = (await checked(unpackedProgram())) ?? (await fromApt(say));
  if (unpacked !== undefined) return unpacked;
  throw new CannotStart(
    [
      `Redis ${versionMin.join(".")} or newer is needed and was not found on this machine. Install it and try again:`,
      "  Debian, Ubuntu   sudo apt-get install redis-server",
      "  macOS            brew install valkey",
      "or set REDIS_URL to one that runs already.",
    ].join("\n"),
  );
}

async function fromPath(): Promise<RedisProgram | undefined> {
  for (const name of ["redis-server", "valkey-server"]) {
    const path = Bun.which(name);
    const found = path === null ? undefined : await checked({ path, env: {} });
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The program, when it runs here and is new enough. */
async function checked(program: RedisProgram): Promise<RedisProgram | undefined> {
  if (!existsSync(program.path)) return undefined;
  const { ok, stdout } = await run(program.path, ["--version"], { env: program.env });
  return ok && isNewEnough(stdout) ? program : undefined;
}

/** Reads lines such as `Redis server v=7.0.15 sha=…`. */
export function isNewEnough(versionLine: string): boolean {
  const [, major, minor] = / v=(\d+)\.(\d+)/.exec(versionLine) ?? [];
  const [majorMin, minorMin] = versionMin;
  if (Number(major) !== majorMin) return Number(major) > majorMin;
  return Number(minor) >= minorMin;
}

function unpackedProgram(): RedisProgram {
  return programIn(cacheFolder);
}

function programIn(root: string): RedisProgram {
  const places = ["usr/lib", "lib"].map((place) => join(root, place)).filter(existsSync);
  const folders = places.flatMap((place) => readdirSync(place).map((name) => join(place, name)));
  const env = { LD_LIBRARY_PATH: folders.join(":") };
  return { path: join(root, "usr/bin/redis-server"), env };
}

async function fromApt(say?: (line: string) => void): Promise<RedisProgram | undefined> {
  if (Bun.which("apt-get") === null || Bun.which("dpkg") === null) return undefined;
  say?.(
    "Redis is not installed: fetching Debian's package into .hookdesk/cache. This happens once.",
  );
  const draft = `${cacheFolder}.${process.pid}`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(join(draft, "root"), { recursive: true });
  try {
    await unpack(draft);
    if ((await checked(programIn(join(draft, "root")))) === undefined) return undefined;
    // Another command may have been faster, and may be running from there by now.
    const faster = await checked(unpackedProgram());
    if (faster !== undefined) return faster;
    rmSync(cacheFolder, { recursive: true, force: true });
    renameSync(join(draft, "root"), cacheFolder);
    return unpackedProgram();
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** The system's package lists are used when there are any, else lists of our own: both work without root. */
async function unpack(draft: string): Promise<void> {
  const own = ownLists(draft);
  const wanted = [...packages, ...(await missingLibraries())];
  const apt = (args: readonly string[]) =>
    run("apt-get", ["-q", ...args], { cwd: draft, timeoutMs: aptTimeoutMs });
  const direct = await apt(["download", ...wanted]);
  if (!direct.ok) {
    await apt([...own, "update"]);
    await apt([...own, "download", ...wanted]);
  }
  for (const file of readdirSync(draft).filter((name) => name.endsWith(".deb"))) {
    await run("dpkg", ["-x", file, "root"], { cwd: draft });
  }
}

function ownLists(draft: string): string[] {
  mkdirSync(join(draft, "state", "lists", "partial"), { recursive: true });
  mkdirSync(join(draft, "apt", "archives", "partial"), { recursive: true });
  const options = [
    `Dir::State=${join(draft, "state")}`,
    "Dir::State::status=/var/lib/dpkg/status",
    `Dir::Cache=${join(draft, "apt")}`,
    "Debug::NoLocking=1",
  ];
  // Root's apt would step down to a user that may not be able to enter this folder.
  if (process.getuid?.() === 0) options.push("APT::Sandbox::User=root");
  return options.flatMap((option) => ["-o", option]);
}

/** A small Debian may also lack what the list above takes for granted, such as OpenSSL's library. */
async function missingLibraries(): Promise<string[]> {
  const candidates = ["libssl3", "libsystemd0"];
  const states = await Promise.all(
    candidates.map((name) => run("dpkg-query", ["-W", "-f", "$" + "{db:Status-Status}", name])),
  );
  return candidates.filter((_, index) => states[index]?.stdout !== "installed");
}
