import { describe, expect, test } from "bun:test";
import { BANNED_WORDS } from "../../scripts/quality/banned.ts";
import { checkTidiness } from "../../scripts/quality/tidy.ts";

type Sample = { readonly what: string; readonly path: string; readonly text: string };

const SRC = "src/outbox/limiter.ts";
const TEST = "tests/unit/limiter.test.ts";

function faultsOf(path: string, text: string): readonly string[] {
  return checkTidiness(new Map([[path, text]])).map(({ rule }) => rule);
}

/** Joined here, so that this file does not hold what it plants. */
const machinePath = (...parts: readonly string[]): string => ["", ...parts].join("/");
const host = (...parts: readonly string[]): string => parts.join(".");
const undoneWords = ["TO" + "DO", "FIX" + "ME", "X".repeat(3)];

function planted(rule: string, samples: readonly Sample[]): void {
  for (const { what, path, text } of samples) {
    test(`${what} is found`, () => {
      expect(faultsOf(path, text)).toEqual([rule]);
    });
  }
}

function clean(samples: readonly Sample[]): void {
  for (const { what, path, text } of samples) {
    test(`${what} passes`, () => {
      expect(faultsOf(path, text)).toEqual([]);
    });
  }
}

describe("words of src that somebody owns", () => {
  planted("banned-word", [
    { what: "Date.now", path: SRC, text: "const a = Date.now();\n" },
    { what: "Date.now without a call", path: SRC, text: "const now = Date.now;\n" },
    { what: "new Date()", path: SRC, text: "const a = new Date();\n" },
    { what: "new Date without parentheses", path: SRC, text: "const a = new Date;\n" },
    { what: "Date()", path: SRC, text: "const a = Date();\n" },
    { what: "performance.now", path: SRC, text: "const a = performance.now();\n" },
    { what: "Math.random", path: SRC, text: "const a = Math.random();\n" },
    { what: "setTimeout", path: SRC, text: "setTimeout(work, 5);\n" },
    { what: "setInterval", path: SRC, text: "setInterval(work, 5);\n" },
    { what: "Bun.sleep", path: SRC, text: "await Bun.sleep(5);\n" },
    { what: "process.env", path: SRC, text: 'const a = process.env["A"];\n' },
    { what: "Bun.env", path: SRC, text: 'const a = Bun.env["A"];\n' },
    { what: "import.meta.env", path: SRC, text: 'const a = import.meta.env["A"];\n' },
    { what: "console", path: SRC, text: 'console.error("a");\n' },
    { what: "fetch", path: SRC, text: "const a = await fetch(url, { method });\n" },
    { what: "an ignored type error", path: SRC, text: "// @ts-expect-error\nwork();\n" },
    { what: "an ignored rule", path: SRC, text: "// biome-ignore lint: because\nwork();\n" },
  ]);
  clean([
    { what: "a date of a given time", path: SRC, text: "const a = new Date(ms);\n" },
    { what: "a type named Date", path: SRC, text: "const a: Date = toDate (b);\n" },
    { what: "a function whose name ends alike", path: SRC, text: "const a = toDate(b);\n" },
    { what: "a comment", path: SRC, text: "/** Not Date.now(), nor setTimeout. */\n" },
    { what: "a string", path: SRC, text: 'const a = "process.env and console.log";\n' },
    { what: "a method called fetch", path: SRC, text: "const a = server.fetch(request);\n" },
    {
      what: "a definition of fetch",
      path: SRC,
      text: "Bun.serve({ fetch(request, server) { return answer(request); } });\n",
    },
    {
      what: "a typed definition of fetch",
      path: SRC,
      text: "const a = { async fetch(request: Request): Promise<Response> { return b; } };\n",
    },
    { what: "the owner of the clock", path: "src/core/clock.ts", text: "Date.now();\n" },
    { what: "the owner of timers", path: "src/core/service.ts", text: "setTimeout(work, 5);\n" },
    { what: "the reader of the environment", path: "src/app/config.ts", text: "process.env;\n" },
    { what: "a script", path: "scripts/start.ts", text: "console.log(Date.now());\n" },
  ]);
});

describe("tests run, all of them, and wait on signals", () => {
  planted("banned-word", [
    { what: "a focused test", path: TEST, text: 'test.only("a", () => {});\n' },
    { what: "a focused group", path: TEST, text: 'describe.only("a", () => {});\n' },
    { what: "a skipped test", path: TEST, text: 'test.skip("a", () => {});\n' },
    { what: "a test for some machines", path: TEST, text: 'test.skipIf(linux)("a", () => {});\n' },
    { what: "a test for later", path: TEST, text: 'it.todo("a");\n' },
    { what: "a sleep", path: TEST, text: "await Bun.sleep(5);\n" },
    { what: "a timer", path: TEST, text: "await new Promise((done) => setTimeout(done, 5));\n" },
    {
      what: "a promised timer",
      path: TEST,
      text: 'import { setTimeout as sleep } from "node:timers/promises";\n',
    },
  ]);
  clean([
    { what: "a plain test", path: TEST, text: 'test("a", () => {});\n' },
    { what: "a test of every case", path: TEST, text: 'test.each([1])("a", () => {});\n' },
    {
      what: "waiting in tests/support",
      path: "tests/support/until.ts",
      text: "setTimeout(done, 5);\n",
    },
  ]);
});

describe("work left undone", () => {
  planted(
    "undone",
    undoneWords.flatMap((word) => [
      { what: `${word} in code`, path: "scripts/a.ts", text: `// ${word}: later\n` },
      { what: `${word} in SQL`, path: "migrations/1.sql", text: `-- ${word}\n` },
    ]),
  );
  clean([{ what: "a word that contains one", path: "README.md", text: "a TODOS list, XXXL\n" }]);
});

describe("addresses that exist for one person only", () => {
  planted("machine-path", [
    { what: "a home", path: "README.md", text: `cd ${machinePath("home", "somebody")}\n` },
    {
      what: "root's home",
      path: "scripts/a.ts",
      text: `const a = "${machinePath("root", "a")}";\n`,
    },
    { what: "a work folder", path: ".ci/run", text: `cd ${machinePath("work", "main")}\n` },
  ]);
  planted("registry-host", [
    { what: "npm's host", path: ".npmrc", text: `//${host("registry", "npmjs", "org")}/\n` },
    {
      what: "a private registry",
      path: "bunfig.toml",
      text: `registry = "https://${host("npm-registry", "example", "com")}/"\n`,
    },
  ]);
  planted("lockfile", [
    {
      what: "a resolved address",
      path: "package-lock.json",
      text: '{ "resolved": "https://example.com/a.tgz" }\n',
    },
  ]);
  clean([
    { what: "a path in a URL", path: "README.md", text: "https://example.com/home/index\n" },
    { what: "a relative path", path: "README.md", text: "see src/work/lane.ts and ./home/a\n" },
    {
      what: "a lockfile without addresses",
      path: "package-lock.json",
      text: '{ "packages": {} }\n',
    },
  ]);
});

describe("length", () => {
  const lines = (count: number): string => "one();\n".repeat(count);
  planted("length", [
    { what: "a source file of 401 lines", path: SRC, text: lines(401) },
    { what: "a script of 401 lines", path: "scripts/a.ts", text: lines(401) },
    { what: "a test of 601 lines", path: TEST, text: lines(601) },
  ]);
  clean([
    { what: "a source file of 400 lines", path: SRC, text: lines(400) },
    { what: "a test of 600 lines", path: TEST, text: lines(600) },
  ]);
});

describe("names", () => {
  planted("name", [
    { what: "a file utils.ts", path: "src/core/utils.ts", text: "one();\n" },
    { what: "a folder common", path: "src/common/lane.ts", text: "one();\n" },
    { what: "a file helpers.test.ts", path: "tests/unit/helpers.test.ts", text: "one();\n" },
    { what: "a file types.ts", path: "src/core/types.ts", text: "one();\n" },
    { what: "a file manager.ts", path: "scripts/manager.ts", text: "one();\n" },
  ]);
  clean([{ what: "a noun of the domain", path: "src/core/clock-type.ts", text: "one();\n" }]);
});

describe("what is exported says what it promises", () => {
  planted("doc-comment", [
    { what: "a bare function", path: SRC, text: "export function one(): void {}\n" },
    { what: "a bare async function", path: SRC, text: "export async function one() {}\n" },
    { what: "a bare class", path: SRC, text: "export class One {}\n" },
    { what: "a bare arrow", path: SRC, text: "export const one = (a: number): void => {\n};\n" },
    { what: "a plain comment", path: SRC, text: "// One.\nexport function one() {}\n" },
    {
      what: "a doc comment of something else",
      path: SRC,
      text: "/** Two. */\nconst two = 2;\nexport function one() {}\n",
    },
  ]);
  clean([
    { what: "a doc comment", path: SRC, text: "/** One. */\nexport function one() {}\n" },
    {
      what: "overloads under one comment",
      path: SRC,
      text: "/** One. */\nexport function one(a: 1): 1;\nexport function one(a: 2): 2;\n",
    },
    { what: "a one-line arrow", path: SRC, text: "export const one = (a: number) => a + 1;\n" },
    { what: "a private function", path: SRC, text: "function one() {}\n" },
    { what: "a test's function", path: TEST, text: "export function one() {}\n" },
  ]);
});

test("every message says what to do instead, and where", () => {
  const faults = checkTidiness(new Map([[SRC, "one();\nconst a = Math.random();\n"]]));
  expect(faults).toEqual([
    {
      rule: "banned-word",
      file: SRC,
      line: 2,
      message:
        "Math.random has no place here: take the randomness as an argument, so that a test can choose it",
    },
  ]);
  expect(BANNED_WORDS.filter(({ instead }) => instead === "")).toEqual([]);
});
