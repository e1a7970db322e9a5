import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { missedPlants, type Plant } from "./plant.ts";
import type { Report, Tool } from "./tools.ts";

const COPIED = ["src", "scripts", "biome.json", "knip.json", "package.json", "tsconfig.json"];

/**
 * Proves that the tools see: plants faults in a copy of the project and lets every tool look at it. The report is good
 * when each fault was named; it says which were not. The copy lies in the system's temporary folder and is removed.
 */
export async function proveTools(
  root: string,
  tools: readonly Tool[],
  plants: readonly Plant[],
): Promise<Report> {
  const copy = mkdtempSync(join(tmpdir(), "hookdesk-check-"));
  try {
    copyProject(root, copy);
    plantAll(plants, copy);
    const seen = await Promise.all(tools.map((tool) => look(tool, copy)));
    const reports = new Map(seen.map(({ name, output }) => [name, output]));
    const lines = [
      ...seen.filter(({ passed }) => passed).map(({ name }) => `"${name}" passes a faulty project`),
      ...missedPlants(plants, reports).map(({ fault, tool }) => `"${tool}" does not see ${fault}`),
    ];
    return { ok: lines.length === 0, output: lines.join("\n") };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** Both ways of a tool must speak: the one that judges the project, and the one whose lines are searched. */
async function look(
  { name, run, inspect }: Tool,
  copy: string,
): Promise<{ readonly name: string; readonly passed: boolean; readonly output: string }> {
  const [judged, inspected] = await Promise.all([run(copy), inspect(copy)]);
  return { name, passed: judged.ok, output: inspected.output };
}

function copyProject(root: string, copy: string): void {
  for (const name of COPIED) cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"), "dir");
}

function plantAll(plants: readonly Plant[], copy: string): void {
  for (const [path, text] of plants.flatMap(({ files }) => Object.entries(files))) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    writeFileSync(join(copy, path), text);
  }
}
