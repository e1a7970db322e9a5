import { afterAll, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { outsideFolderOf, ownFolder, projectFolder } from "../../scripts/services/folders.ts";
import { freePort } from "../../scripts/services/ports.ts";
import { eventually } from "../support/eventually.ts";

/** A copy of the project, as a clone of its own beside whatever runs in this one. */
const project = ownFolder(mkdtempSync(join(tmpdir(), "hookdesk-first-")), "enter");
const startMs = 60_000;
const simulateMs = 60_000;

type Program = {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  output: string;
};

afterAll(() => {
  for (const path of [project, outsideFolderOf(project)])
    rmSync(path, { recursive: true, force: true });
});

function copyProject(): void {
  for (const name of [
    "scripts",
    "src",
    "migrations",
    "package.json",
    "package-lock.json",
    "bunfig.toml",
  ]) {
    cpSync(join(projectFolder, name), join(project, name), { recursive: true });
  }
  symlinkSync(join(projectFolder, "node_modules"), join(project, "node_modules"));
  // A Redis that was already fetched for the project is not fetched again.
  const cache = join(projectFolder, ".hookdesk", "cache");
  mkdirSync(join(project, ".hookdesk"));
  if (existsSync(cache)) symlinkSync(cache, join(project, ".hookdesk", "cache"));
}

function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Program {
  const own = /^(DATABASE_URL|REDIS_URL|REDIS_PREFIX|HOST|PORT|(FAKE_)?CHAT2DESK_|HOOKDESK_)/;
  const inherited = Object.entries(process.env).filter(([name]) => !own.test(name));
  const child = spawn(process.execPath, ["--no-env-file", ...args], {
    cwd: project,
    env: { ...Object.fromEntries(inherited), ...environment },
  });
  const { promise: exited, resolve } = Promise.withResolvers<number | null>();
  child.on("close", resolve);
  const program: Program = { child, exited, output: "" };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (bytes) => {
      program.output += String(bytes);
    });
  }
  return program;
}

test(
  "the command that npm start prints makes the first order, and Ctrl-C ends everything",
  async () => {
    copyProject();
    const hookdesk = run(["scripts/bootstrap.mjs", "start"], { PORT: String(await freePort()) });
    try {
      await eventually(
        "it runs",
        () => hookdesk.output.includes("Hookdesk is running") || hookdesk.child.exitCode !== null,
        startMs,
      );
      expect(hookdesk.output).toContain("npm run simulate -- --clients 1");
      const customer = run(["scripts/bootstrap.mjs", "simulate", "--clients", "1"]);
      expect(await customer.exited).toBe(0);
      expect(customer.output).toMatch(/orders\s+1 of 1/);
    } finally {
      hookdesk.child.kill("SIGINT");
    }
    expect(await hookdesk.exited).toBe(0);
    expect(hookdesk.output).toContain("Hookdesk has stopped");
  },
  startMs + simulateMs,
);
