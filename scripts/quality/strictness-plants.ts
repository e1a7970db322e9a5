import type { Plant } from "./plant.ts";

const NESTED = "for (const a of list) {\n".repeat(4);
const LONG_BODY = "  total += 1;\n".repeat(61);

/** One fault for each rule that biome.json turns on by name: nursery rules move, and a renamed rule is silent. */
const LINT_FAULTS: Readonly<Record<string, string>> = {
  noBarrelFile: 'export { pause } from "./deadline.ts";\n',
  noConsole: 'console.log("one");\n',
  noDefaultExport: "export default function planted() {}\n",
  noEnum: "export enum Planted { One }\n",
  noEvolvingTypes: "let planted;\nplanted = 1;\nexport const one = planted;\n",
  noExcessiveCognitiveComplexity: `export function planted(list: number[]) {
${NESTED}if (a > 0) { if (a > 1) { return a; } } ${"}".repeat(4)}
}
`,
  noExcessiveLinesPerFunction: `export function planted(total: number) {\n${LONG_BODY}}\n`,
  noExplicitAny: "export const planted: any = 1;\n",
  noFloatingPromises: "async function work() {}\nexport function start(): void {\n  work();\n}\n",
  noInferrableTypes: "export const planted = (one: number = 1) => one;\n",
  noMisusedPromises:
    "async function work() { return true; }\nexport const planted = () => {\n  if (work()) return 1;\n  return 2;\n};\n",
  noNamespace: "export namespace Planted { export const one = 1; }\n",
  noNestedTernary: "export const planted = (a: number) => (a > 1 ? 1 : a > 0 ? 2 : 3);\n",
  noNonNullAssertion: "export const planted = (list: number[]) => list[0]!;\n",
  noParameterAssign: "export function planted(a: number) {\n  a = 1;\n  return a;\n}\n",
  noParameterProperties: "export class Planted { constructor(readonly one: number) {} }\n",
  noProcessEnv: 'export const planted = process.env["ONE"];\n',
  noReExportAll: 'export * from "./deadline.ts";\n',
  noTsIgnore: '// @ts-ignore\nexport const planted: number = "one";\n',
  noUndeclaredDependencies: 'import planted from "left-pad";\nexport const one = planted;\n',
  noUnusedFunctionParameters: "export function planted(one: number) {}\n",
  noUnusedImports: 'import { pause } from "./deadline.ts";\n',
  noUnusedPrivateClassMembers: "export class Planted { #one = 1; }\n",
  noUnusedTemplateLiteral: "export const planted = `one`;\n",
  noUnusedVariables: "const planted = 1;\n",
  noUselessCatch:
    "export function planted(f: () => void) {\n  try {\n    f();\n  } catch (error) {\n    throw error;\n  }\n}\n",
  noUselessElse:
    "export function planted(a: boolean) {\n  if (a) {\n    return 1;\n  } else {\n    return 2;\n  }\n}\n",
  noVar: "export var planted = 1;\n",
  useAsConstAssertion: 'export const planted = "one" as "one";\n',
  useAwaitThenable: "export async function planted() {\n  await 1;\n}\n",
  useConst: "export function planted() {\n  let one = 1;\n  return one;\n}\n",
  useExhaustiveSwitchCases:
    'export function planted(a: "one" | "two") {\n  switch (a) {\n    case "one":\n      return 1;\n  }\n  return 2;\n}\n',
  useExportType: "type One = 1;\nexport { One };\n",
  useFilenamingConvention: "export const planted = 1;\n",
  useImportExtensions: 'import { pause } from "./deadline";\nexport const planted = pause;\n',
  useImportType:
    'import { Clock } from "./clock.ts";\nexport type Planted = { readonly clock: Clock };\n',
  useMaxParams:
    "export const planted = (a: number, b: number, c: number, d: number, e: number) => a + b + c + d + e;\n",
  useNodejsImportProtocol: 'import { join } from "path";\nexport const planted = join;\n',
  useThrowOnlyError: 'export function planted() {\n  throw "one";\n}\n',
};

/** Rules about tests, and what they must find in a test file. */
const TEST_FAULTS: Readonly<Record<string, string>> = {
  noFocusedTests: 'import { test } from "bun:test";\n\ntest.only("one", () => {});\n',
  noSkippedTests: 'import { test } from "bun:test";\n\ntest.skip("one", () => {});\n',
};

/** What each strict setting of tsconfig.json must find, by the compiler's code. */
const TYPE_FAULTS: Readonly<Record<string, string>> = {
  TS1294: "export enum Planted { One }\n",
  TS1484: 'import { Clock } from "./clock.ts";\nexport type Planted = Clock;\n',
  TS2532: "export const planted = (list: number[]) => list[0] + 1;\n",
  TS2375: "export const planted: { one?: number } = { one: undefined };\n",
  TS4111: "export const planted = (all: Record<string, number | undefined>) => all.one;\n",
  TS4114: "class One { go() {} }\nexport class Planted extends One { go() {} }\n",
  TS6133: "const planted = 1;\nexport const one = 2;\n",
  TS7006: "export const planted = (one) => one;\n",
  TS7029:
    "export function planted(a: number, f: () => void) {\n  switch (a) {\n    case 1:\n      f();\n    case 2:\n      f();\n  }\n}\n",
  TS7030: "export function planted(a: boolean) {\n  if (a) return 1;\n}\n",
};

const inSource = (rule: string): string =>
  rule === "useFilenamingConvention"
    ? "src/core/plantedName.ts"
    : `src/core/planted-${kebab(rule)}.ts`;

/** A plant for every rule of the linter and every strict setting of the compiler. */
export const STRICTNESS_PLANTS: readonly Plant[] = [
  ...plantsOf("lint", LINT_FAULTS, inSource),
  ...plantsOf("lint", TEST_FAULTS, (rule) => `tests/planted-${kebab(rule)}.test.ts`),
  ...plantsOf("types", TYPE_FAULTS, (code) => `src/core/planted-${code.toLowerCase()}.ts`),
];

function plantsOf(
  tool: string,
  faults: Readonly<Record<string, string>>,
  fileOf: (rule: string) => string,
): readonly Plant[] {
  return Object.entries(faults).map(([rule, code]) => {
    const file = fileOf(rule);
    return { fault: `what ${rule} forbids`, tool, words: [file, rule], files: { [file]: code } };
  });
}

function kebab(rule: string): string {
  return rule.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
