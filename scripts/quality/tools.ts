import { join } from "node:path";
import { checkArchitecture } from "./architecture.ts";
import { MODULES } from "./modules.ts";
import { checkTidiness } from "./tidy.ts";
import { readTree } from "./tree.ts";
import { describeViolation, type Violation } from "./violation.ts";

/** `output` is empty or a text for people; every finding of `inspect` is one line that names the file and the rule. */
export type Report = { readonly ok: boolean; readonly output: string };

/** One step of the check. Both ways look at the same things; `inspect` reports them in full, one to a line. */
export type Tool = {
  readonly name: string;
  readonly run: (root: string) => Promise<Report>;
  readonly inspect: (root: string) => Promise<Report>;
};

type Command = { readonly script: string; readonly run: string[]; readonly inspect: string[] };

const PROJECT_ROOT = join(import.meta.dir, "..", "..");
const BIOME = "node_modules/@biomejs/biome/bin/biome";
const INSPECT = ["--reporter=github", "--max-diagnostics=none"];
const toolTimeoutMs = 120_000;

const format = external("format", {
  script: BIOME,
  run: ["format", "--reporter=summary"],
  inspect: ["format", ...INSPECT],
});
const lint = external("lint", {
  script: BIOME,
  run: ["lint", "--error-on-warnings", "--max-diagnostics=100"],
  inspect: ["lint", ...INSPECT],
});
const types = external("types", {
  script: "node_modules/typescript/bin/tsc",
  run: ["--noEmit", "-p", "."],
  inspect: ["--noEmit", "--pretty", "false", "-p", "."],
});
const architecture = own("architecture", (root) => checkArchitecture(readTree(root), MODULES));
const tidy = own("tidy", (root) => checkTidiness(readTree(root)));
const unused = external("unused code", {
  script: "node_modules/knip/bin/knip.js",
  run: ["--no-progress", "--no-config-hints"],
  inspect: ["--no-progress", "--no-config-hints", "--reporter", "symbols"],
});

/** The steps of the check in their order, cheap and often failing ones first. */
export const TOOLS: readonly Tool[] = [format, lint, types, architecture, tidy, unused];

/** Tools from packages run on this process's own Bun, so that no Node and nothing on the PATH is needed. */
function external(name: string, { script, run, inspect }: Command): Tool {
  const execute = async (root: string, args: readonly string[]): Promise<Report> => {
    const child = Bun.spawn([process.execPath, join(PROJECT_ROOT, script), ...args], {
      cwd: root,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      timeout: toolTimeoutMs,
    });
    const [out, err, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { ok: code === 0, output: `${out}\n${err}`.trim() };
  };
  return { name, run: (root) => execute(root, run), inspect: (root) => execute(root, inspect) };
}

function own(name: string, check: (root: string) => readonly Violation[]): Tool {
  const run = (root: string): Promise<Report> => {
    const violations = check(root);
    const output = violations.map(describeViolation).join("\n");
    return Promise.resolve({ ok: violations.length === 0, output });
  };
  return { name, run, inspect: run };
}
