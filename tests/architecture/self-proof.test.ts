import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { missedPlants, PLANTS } from "../../scripts/quality/plant.ts";
import { proveTools } from "../../scripts/quality/proof.ts";
import { STRICTNESS_PLANTS } from "../../scripts/quality/strictness-plants.ts";
import { type Report, type Tool, TOOLS } from "../../scripts/quality/tools.ts";

const ROOT = join(import.meta.dir, "..", "..");
const PLANT = { fault: "a fault", tool: "lint", words: ["a.ts", "noFault"], files: {} };

describe("a plant counts as found only when its step names it", () => {
  test("a report with file and rule in one line finds it", () => {
    const reports = new Map([["lint", "x\nerror noFault in src/a.ts:1\ny"]]);
    expect(missedPlants([PLANT], reports)).toEqual([]);
  });

  test("an empty report misses it", () => {
    expect(missedPlants([PLANT], new Map([["lint", ""]]))).toEqual([PLANT]);
  });

  test("another step's report does not count", () => {
    expect(missedPlants([PLANT], new Map([["types", "noFault a.ts"]]))).toEqual([PLANT]);
  });

  test("file and rule in different lines do not count", () => {
    expect(missedPlants([PLANT], new Map([["lint", "noFault b.ts\nother a.ts"]]))).toEqual([PLANT]);
  });
});

describe("the proof", () => {
  const toolOf = (ok: boolean, output: string): Tool => {
    const report = (): Promise<Report> => Promise.resolve({ ok, output });
    return { name: "lint", run: report, inspect: report };
  };

  test("passes when every tool fails on the copy and names its plant", async () => {
    const report = await proveTools(ROOT, [toolOf(false, "a.ts noFault")], [PLANT]);
    expect(report).toEqual({ ok: true, output: "" });
  });

  test("fails when a tool is silent", async () => {
    const report = await proveTools(ROOT, [toolOf(false, "")], [PLANT]);
    expect(report).toEqual({ ok: false, output: '"lint" does not see a fault' });
  });

  test("fails when a tool names its plant and passes all the same", async () => {
    const report = await proveTools(ROOT, [toolOf(true, "a.ts noFault")], [PLANT]);
    expect(report).toEqual({ ok: false, output: '"lint" passes a faulty project' });
  });

  test("plants in a copy that is gone afterwards, not in the project", async () => {
    const seen: { root: string; text: string }[] = [];
    const run = (root: string): Promise<Report> => {
      seen.push({ root, text: readFileSync(join(root, "src/core/planted.ts"), "utf8") });
      return Promise.resolve({ ok: false, output: "" });
    };
    const plant = { ...PLANT, files: { "src/core/planted.ts": "one();\n" } };
    await proveTools(ROOT, [{ name: "lint", run, inspect: run }], [plant]);
    expect(seen.map(({ text }) => text)).toEqual(["one();\n", "one();\n"]);
    expect(seen.filter(({ root }) => existsSync(root))).toEqual([]);
    expect(existsSync(join(ROOT, "src/core/planted.ts"))).toBe(false);
  });
});

describe("the plants", () => {
  const all = [...PLANTS, ...STRICTNESS_PLANTS];

  test("every step of the check has to find at least one", () => {
    const proven = new Set(all.map(({ tool }) => tool));
    expect(TOOLS.map(({ name }) => name).filter((name) => !proven.has(name))).toEqual([]);
  });

  test("every rule that biome.json turns on by name has one", () => {
    const text = readFileSync(join(ROOT, "biome.json"), "utf8");
    const named = [...text.matchAll(/"(\w+)": (?:"error"|\{\s*"level": "error")/g)].map(
      ([, rule]) => rule ?? "",
    );
    const words = new Set(all.flatMap((plant) => plant.words));
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((rule) => !words.has(rule))).toEqual([]);
  });
});
