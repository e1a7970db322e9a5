/**
 * A fault put into a copy of the project on purpose. A tool that stays silent about it would also stay silent about a
 * fault of ours: some tools find nothing under TypeScript 7 and call that a success.
 */
export type Plant = {
  readonly fault: string;
  /** The step of the check that must report it. */
  readonly tool: string;
  /** All of them stand in one line of that step's report. */
  readonly words: readonly string[];
  readonly files: Readonly<Record<string, string>>;
};

const VALUE_RING = {
  "src/core/planted-hen.ts": `import { egg } from "./planted-egg.ts";

/** Planted. */
export function hen(depth: number): number {
  return depth === 0 ? 0 : egg(depth - 1);
}
`,
  "src/core/planted-egg.ts": `import { hen } from "./planted-hen.ts";

/** Planted. */
export function egg(depth: number): number {
  return depth === 0 ? 0 : hen(depth - 1);
}
`,
};

const TYPE_RING = {
  "src/core/planted-left.ts": `import type { Right } from "./planted-right.ts";

export type Left = { readonly right: Right | null };
`,
  "src/core/planted-right.ts": `import type { Left } from "./planted-left.ts";

export type Right = { readonly left: Left | null };
`,
};

const UNUSED_EXPORT = {
  "src/core/planted-export.ts": `export const plantedUsed = 1;
export const plantedUnused = 2;
`,
  "scripts/planted-use.ts": `import { plantedUsed } from "../src/core/planted-export.ts";

console.log(plantedUsed);
`,
};

export const PLANTS: readonly Plant[] = [
  {
    fault: "bad format",
    tool: "format",
    words: ["planted-format.ts"],
    files: { "src/core/planted-format.ts": "export const planted  =  'one'\n" },
  },
  {
    fault: "an import cycle",
    tool: "lint",
    words: ["planted-hen.ts", "noImportCycles"],
    files: VALUE_RING,
  },
  {
    fault: "a wrong type",
    tool: "types",
    words: ["planted-type.ts", "TS2322"],
    files: { "src/core/planted-type.ts": 'export const planted: number = "one";\n' },
  },
  {
    fault: "an import cycle",
    tool: "architecture",
    words: ["planted-hen.ts", "planted-egg.ts", "[cycle]"],
    files: VALUE_RING,
  },
  {
    fault: "an import cycle of types",
    tool: "architecture",
    words: ["planted-left.ts", "planted-right.ts", "[cycle]"],
    files: TYPE_RING,
  },
  {
    fault: "a forbidden import",
    tool: "architecture",
    words: ["planted-forbidden.ts", "[direction]", "core may not import message"],
    files: {
      "src/core/planted-forbidden.ts": `import type { PlantedWord } from "../message/planted-word.ts";

export type Planted = PlantedWord;
`,
      "src/message/planted-word.ts": "export type PlantedWord = string;\n",
    },
  },
  {
    fault: "a vendor's package outside its owner",
    tool: "architecture",
    words: ["planted-vendor.ts", "[vendor]"],
    files: {
      "src/core/planted-vendor.ts": `import type { Pool } from "pg";

export type Planted = Pool;
`,
    },
  },
  {
    fault: "a use of the process's clock",
    tool: "tidy",
    words: ["planted-clock.ts", "[banned-word]", "Date.now"],
    files: { "src/core/planted-clock.ts": "export const planted = Date.now();\n" },
  },
  {
    fault: "an unused export",
    tool: "unused code",
    words: ["plantedUnused", "planted-export.ts"],
    files: UNUSED_EXPORT,
  },
  {
    fault: "an unused file",
    tool: "unused code",
    words: ["planted-idle.ts"],
    files: { "src/core/planted-idle.ts": "export const planted = 1;\n" },
  },
];

/** The plants that no line of their step's report names; `reports` maps a step's name to its text. */
export function missedPlants(
  plants: readonly Plant[],
  reports: ReadonlyMap<string, string>,
): readonly Plant[] {
  return plants.filter(({ tool, words }) => {
    const lines = (reports.get(tool) ?? "").split("\n");
    return !lines.some((line) => words.every((word) => line.includes(word)));
  });
}
