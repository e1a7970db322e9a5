import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { check } from "../../../scripts/drill/checker/check.ts";
import { seams, wrapped } from "../../../scripts/drill/crash/seams.ts";
import { catalogue, faultNamed } from "../../../scripts/drill/faults/catalogue.ts";
import { mutants, patched } from "../../../scripts/drill/mutants.ts";
import { readOptions } from "../../../scripts/drill/options.ts";
import { planRuns } from "../../../scripts/drill/plan.ts";
import { flawless } from "./history.ts";

const root = join(import.meta.dir, "../../..");

describe("every mutant", () => {
  test("still fits the program, and its fault and the invariants that it must break exist", async () => {
    const invariants = check(flawless()).map(({ invariant }) => invariant);
    for (const { patches, fault, breaks } of mutants) {
      const texts = new Map<string, string>();
      for (const patch of patches) {
        const text = texts.get(patch.file) ?? (await Bun.file(join(root, patch.file)).text());
        texts.set(patch.file, patched(text, patch));
      }
      expect(faultNamed(fault)?.name).toBe(fault);
      for (const invariant of breaks) expect(invariants).toContain(invariant);
    }
  });

  test("that fits nowhere or twice is refused", () => {
    const patch = { file: "a.ts", find: "b", replace: "c" };
    expect(patched("abd", patch)).toBe("acd");
    expect(() => patched("aa", patch)).toThrow("0 places");
    expect(() => patched("bb", patch)).toThrow("2 places");
  });
});

test("every crash point still finds its function in the program", async () => {
  const transpiler = new Bun.Transpiler({ loader: "ts" });
  for (const seam of seams) {
    const text = await Bun.file(join(root, "src", seam.file)).text();
    expect(transpiler.transformSync(wrapped(seam, text))).toContain("drill");
  }
});

describe("the plan of runs", () => {
  const plan = (...args: readonly string[]) =>
    planRuns(readOptions(args), []).map(({ faults, seed }) => [
      seed,
      faults.map(({ name }) => name).join(),
    ]);

  test("has every fault alone, each with a seed of its own", () => {
    const runs = plan("--seed", "7");
    expect(runs.map(([, name]) => name)).toEqual(catalogue.map(({ name }) => name));
    expect(runs[2]?.[0]).toBe(9);
  });

  test("goes on with random pairs when more runs are asked for, the same for the same seed", () => {
    const count = catalogue.length + 3;
    const runs = plan("--runs", String(count));
    expect(runs).toHaveLength(count);
    expect(runs.at(-1)?.[1]).toContain(",");
    expect(plan("--runs", String(count))).toEqual(runs);
    const few = plan("--runs", "9");
    expect(few.filter(([, names]) => String(names).includes(","))).toHaveLength(3);
    expect(plan("--pairs", "--runs", "3").every(([, names]) => String(names).includes(","))).toBe(
      true,
    );
  });
});
