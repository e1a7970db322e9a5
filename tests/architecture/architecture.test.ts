import { describe, expect, test } from "bun:test";
import { checkArchitecture } from "../../scripts/quality/architecture.ts";
import type { ModuleTable } from "../../scripts/quality/modules.ts";

const TABLE: ModuleTable = {
  composition: "app",
  entries: ["src/main.ts"],
  adapters: "channels",
  mayImport: {
    core: [],
    "platform/store": ["core"],
    channels: ["core"],
    "channels/one": ["core", "channels"],
    "channels/two": ["core", "channels"],
    "flows/*": ["core"],
    work: ["core", "channels", "platform/*"],
    intake: ["work/post.ts"],
    app: ["*"],
  },
  vendors: { pg: ["platform/store"] },
};

/** A small project without a fault; every file is imported and every row has a folder. */
const CLEAN: Readonly<Record<string, string>> = {
  "src/main.ts": 'import { start } from "./app/start.ts";\nimport { argv } from "node:process";\n',
  "src/app/start.ts": `import { one } from "../channels/one/one.ts";
import { two } from "../channels/two/two.ts";
import { take } from "../intake/take.ts";
import { red } from "../flows/red/red.ts";
import { blue } from "../flows/blue/blue.ts";
import { store } from "../platform/store/store.ts";
`,
  "src/channels/port.ts": 'import type { Id } from "../core/id.ts";\n',
  "src/channels/one/one.ts": 'import type { Port } from "../port.ts";\n',
  "src/channels/two/two.ts": 'import type { Port } from "../port.ts";\n',
  "src/core/id.ts": "export type Id = string;\n",
  "src/flows/red/red.ts": 'import { paint } from "./paint/paint.ts";\n',
  "src/flows/red/paint/paint.ts": 'import type { Id } from "../../../core/id.ts";\n',
  "src/flows/blue/blue.ts": 'import type { Id } from "../../core/id.ts";\n',
  "src/intake/take.ts": 'import { post } from "../work/post.ts";\n',
  "src/platform/store/store.ts": 'import pg from "pg";\nimport source from "./get.lua";\n',
  "src/platform/store/get.lua": "return 1\n",
  "src/platform/store/lua.d.ts": 'declare module "*.lua";\n',
  "src/work/post.ts": 'import { decide } from "./machine.ts";\n',
  "src/work/machine.ts": "export const decide = 1;\n",
  "tests/work.test.ts": 'import { post } from "../src/work/post.ts";\n',
  "scripts/run.ts": 'import { one } from "../src/channels/one/one.ts";\n',
};

/** What the rules say of the clean project with these files changed; null takes a file out. */
function faultsWith(
  changes: Readonly<Record<string, string | null>>,
  table: ModuleTable = TABLE,
): readonly string[] {
  const files = Object.entries({ ...CLEAN, ...changes });
  const tree = new Map(files.flatMap(([path, text]) => (text === null ? [] : [[path, text]])));
  return checkArchitecture(tree, table).map(
    ({ rule, file, line, message }) => `${rule} ${file}:${line} ${message}`,
  );
}

test("a project without a fault passes", () => {
  expect(faultsWith({})).toEqual([]);
});

describe("a module imports only what its row says", () => {
  test("a value that the row does not name is refused, with the row", () => {
    const faults = faultsWith({
      "src/intake/take.ts":
        'import { post } from "../work/post.ts";\nimport { store } from "../platform/store/store.ts";\n',
    });
    expect(faults).toEqual([
      "direction src/intake/take.ts:2 intake may not import platform/store; its row allows work/post.ts",
    ]);
  });

  test("a type is refused like a value", () => {
    const faults = faultsWith({
      "src/core/id.ts": 'export type Id = import("../platform/store/store.ts").Id;\n',
    });
    expect(faults.filter((fault) => fault.startsWith("direction"))).toEqual([
      "direction src/core/id.ts:1 core may not import platform/store; its row allows nothing",
    ]);
  });

  test("a row that names one file of a module opens no other", () => {
    const faults = faultsWith({
      "src/intake/take.ts":
        'import { post } from "../work/post.ts";\nimport { decide } from "../work/machine.ts";\n',
    });
    expect(faults).toEqual([
      "direction src/intake/take.ts:2 intake may not import work; its row allows work/post.ts",
    ]);
  });

  test("modules of one pattern do not know each other", () => {
    const faults = faultsWith({
      "src/flows/blue/blue.ts": 'import { red } from "../red/red.ts";\n',
    });
    expect(faults).toEqual([
      "direction src/flows/blue/blue.ts:1 flows/blue may not import flows/red; its row allows core",
    ]);
  });
});

test("a fault of the table itself is a fault of the project", () => {
  const stale = { ...TABLE, mayImport: { ...TABLE.mayImport, gone: ["core"] } };
  expect(faultsWith({}, stale)).toEqual([
    "module-table scripts/quality/modules.ts:1 no file lies in src/gone; take its row out until there is one",
  ]);
});

describe("what is closed to everybody", () => {
  test("a row cannot open the composition", () => {
    const open = { ...TABLE, mayImport: { ...TABLE.mayImport, work: ["core", "channels", "app"] } };
    const faults = faultsWith(
      { "src/work/machine.ts": 'import { start } from "../app/start.ts";\n' },
      open,
    );
    expect(faults).toContain(
      "direction src/work/machine.ts:1 work may not import app: nobody does but src/main.ts",
    );
  });

  test("nobody but an entry imports the composition", () => {
    const faults = faultsWith({
      "src/work/machine.ts": 'import { start } from "../app/start.ts";\n',
    });
    expect(faults).toContain(
      "direction src/work/machine.ts:1 work may not import app: nobody does but src/main.ts",
    );
  });

  test("only the composition names an adapter, even when a row would allow it", () => {
    const open = { ...TABLE, mayImport: { ...TABLE.mayImport, work: ["core", "channels/*"] } };
    const faults = faultsWith(
      { "src/work/machine.ts": 'import { one } from "../channels/one/one.ts";\n' },
      open,
    );
    expect(faults).toEqual([
      "direction src/work/machine.ts:1 work may not import channels/one: only app names an adapter",
    ]);
  });

  test("adapters do not know each other", () => {
    const faults = faultsWith({
      "src/channels/two/two.ts": 'import { one } from "../one/one.ts";\n',
    });
    expect(faults).toContain(
      "direction src/channels/two/two.ts:1 channels/two may not import channels/one: adapters do not know each other",
    );
  });

  test("an adapter does not know the pipeline", () => {
    const faults = faultsWith({
      "src/channels/two/two.ts": 'import { post } from "../../work/post.ts";\n',
    });
    expect(faults).toEqual([
      "direction src/channels/two/two.ts:1 channels/two may not import work: an adapter knows its port and no more of the pipeline",
    ]);
  });

  test("an entry imports the composition and nothing else", () => {
    const faults = faultsWith({
      "src/main.ts":
        'import { start } from "./app/start.ts";\nimport { post } from "./work/post.ts";\nimport pg from "pg";\n',
    });
    expect(faults).toEqual([
      "entry src/main.ts:2 an entry imports app and nothing else",
      "entry src/main.ts:3 an entry imports app and nothing else",
    ]);
  });

  test("src imports neither tests nor scripts", () => {
    const faults = faultsWith({
      "src/work/machine.ts": 'import "../../tests/work.test.ts";\nimport "../../scripts/run.ts";\n',
    });
    expect(faults).toContain(
      "outside src/work/machine.ts:1 src may not import tests/work.test.ts; what runs lies in src",
    );
    expect(faults).toContain(
      "outside src/work/machine.ts:2 src may not import scripts/run.ts; what runs lies in src",
    );
  });
});

describe("a vendor's package has one owner", () => {
  test("it is refused outside the owner, its types too", () => {
    const faults = faultsWith({ "src/work/machine.ts": 'import type { Pool } from "pg";\n' });
    expect(faults).toEqual([
      "vendor src/work/machine.ts:1 pg belongs to platform/store; use its face instead",
    ]);
  });

  test("a package without an owner is refused everywhere", () => {
    const faults = faultsWith({
      "src/app/start.ts": `${CLEAN["src/app/start.ts"]}import "left-pad";\n`,
    });
    expect(faults).toEqual([
      "vendor src/app/start.ts:7 left-pad has no owner in scripts/quality/modules.ts",
    ]);
  });
});

describe("cycles", () => {
  test("a cycle of values is found", () => {
    const faults = faultsWith({ "src/work/machine.ts": 'import { post } from "./post.ts";\n' });
    expect(faults).toEqual([
      "cycle src/work/post.ts:1 import cycle: src/work/post.ts → src/work/machine.ts → src/work/post.ts",
    ]);
  });

  test("a cycle of types is found", () => {
    const faults = faultsWith({
      "src/work/machine.ts": 'import type { Post } from "./post.ts";\n',
    });
    expect(faults).toHaveLength(1);
  });

  test("a file that imports itself is a cycle", () => {
    const faults = faultsWith({
      "src/work/machine.ts": 'import type { A } from "./machine.ts";\n',
    });
    expect(faults).toEqual([
      "cycle src/work/machine.ts:1 import cycle: src/work/machine.ts → src/work/machine.ts",
    ]);
  });
});

describe("dead files and strangers", () => {
  test("a file nobody imports is found", () => {
    expect(faultsWith({ "src/work/old.ts": "export const old = 1;\n" })).toEqual([
      "orphan src/work/old.ts:1 no file of src or scripts imports it; use it or delete it",
    ]);
  });

  test("a file that only tests import is as dead", () => {
    const faults = faultsWith({
      "src/work/old.ts": "export const old = 1;\n",
      "tests/old.test.ts": 'import { old } from "../src/work/old.ts";\n',
    });
    expect(faults).toHaveLength(1);
  });

  test("a file that only itself imports is as dead", () => {
    const faults = faultsWith({ "src/work/old.ts": 'import type { Old } from "./old.ts";\n' });
    expect(faults.filter((fault) => fault.startsWith("orphan"))).toHaveLength(1);
  });

  test("a script of Lua or SQL that nobody reads is found", () => {
    expect(faultsWith({ "src/platform/store/put.lua": "return 1\n" })).toHaveLength(1);
  });

  test("a folder without a row fails", () => {
    const faults = faultsWith({
      "src/extra/extra.ts": "export const extra = 1;\n",
      "scripts/run.ts": 'import "../src/extra/extra.ts";\n',
    });
    expect(faults).toEqual([
      "row src/extra/extra.ts:1 its folder has no row in scripts/quality/modules.ts; give it one",
    ]);
  });

  test("a file directly in src that is no entry fails", () => {
    const faults = faultsWith({
      "src/extra.ts": "export const extra = 1;\n",
      "scripts/run.ts": 'import "../src/extra.ts";\n',
    });
    expect(faults).toHaveLength(1);
  });

  test("an import with a computed path is refused in src", () => {
    const faults = faultsWith({ "src/work/machine.ts": "export const a = import(name);\n" });
    expect(faults).toEqual([
      "computed-import src/work/machine.ts:1 import() takes a literal path, which rules can follow",
    ]);
  });
});

describe("a machine or policy decides and does nothing else", () => {
  test("it does not wait", () => {
    const faults = faultsWith({
      "src/work/machine.ts": "export async function decide() {}\n",
    });
    expect(faults).toEqual([
      "pure src/work/machine.ts:1 a machine or policy decides at once; wait in its shell",
    ]);
  });

  test("it does not reach the platform", () => {
    const faults = faultsWith({
      "src/work/machine.ts": 'import type { Store } from "../platform/store/store.ts";\n',
    });
    expect(faults).toEqual([
      "pure src/work/machine.ts:1 a machine or policy does no I/O; pass in what it needs",
    ]);
  });

  test("the word in a comment is no waiting", () => {
    const faults = faultsWith({ "src/work/machine.ts": "/** Never async. */\n" });
    expect(faults).toEqual([]);
  });
});
