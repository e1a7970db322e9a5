import { describe, expect, test } from "bun:test";
import { computedImportsOf, importsOf } from "../../scripts/quality/imports.ts";

const FILE = "src/dialog/machine.ts";

const targetsOf = (text: string): readonly (string | null)[] =>
  importsOf(FILE, text).map(({ target, vendor }) => target ?? vendor);

describe("every way to name another file is an import", () => {
  const cases: readonly { readonly what: string; readonly text: string }[] = [
    { what: "a value", text: 'import { a } from "../core/clock.ts";' },
    { what: "a type", text: 'import type { A } from "../core/clock.ts";' },
    { what: "an inline type", text: 'import { type A } from "../core/clock.ts";' },
    { what: "a statement over lines", text: 'import {\n  a,\n  b,\n} from "../core/clock.ts";' },
    { what: "a namespace", text: "import * as a from '../core/clock.ts';" },
    { what: "a side effect", text: 'import "../core/clock.ts";' },
    { what: "a re-export", text: 'export { a } from "../core/clock.ts";' },
    { what: "a re-export of all", text: 'export * from "../core/clock.ts";' },
    { what: "a dynamic import", text: 'const a = await import("../core/clock.ts");' },
    { what: "a type in place", text: 'let a: import("../core/clock.ts").Clock;' },
    { what: "a require", text: 'const a = require("../core/clock.ts");' },
    { what: "a worker's file", text: 'new Worker(new URL("../core/clock.ts", import.meta.url));' },
  ];
  for (const { what, text } of cases) {
    test(`${what} is one`, () => {
      expect(targetsOf(text)).toEqual(["src/core/clock.ts"]);
    });
  }
});

test("words, comments and strings are no imports", () => {
  const text = `// import { a } from "./a.ts";
const from = Array.from("./a");
const text = 'import { b } from "./b.ts"';
const other = { from: "./c", import: "./d" };`;
  expect(targetsOf(text)).toEqual([]);
});

test("a package is named without its path, and what is built in is none", () => {
  const text = `import a from "pg/lib/client";
import b from "@scope/name/deep";
import c from "node:fs";
import d from "bun";
import e from "bun:test";`;
  expect(importsOf(FILE, text).map(({ vendor }) => vendor)).toEqual([
    "pg",
    "@scope/name",
    null,
    null,
    null,
  ]);
});

test("an import tells its line", () => {
  const text = '/** One. */\nimport {\n  a,\n} from "./a.ts";\n';
  expect(importsOf(FILE, text).map(({ line }) => line)).toEqual([4]);
});

test("a computed import is found and a literal one is not", () => {
  const computed = "const a = 1;\nawait import(`./${a}.ts`);";
  expect(computedImportsOf(computed)).toEqual([2]);
  expect(computedImportsOf("await import(name);")).toEqual([1]);
  expect(computedImportsOf('await import("./a.ts");')).toEqual([]);
  expect(computedImportsOf("const here = import.meta.dir;")).toEqual([]);
});
