import { describe, expect, test } from "bun:test";
import { checkTable, moduleOf } from "../../scripts/quality/module-table.ts";
import { MODULES, type ModuleTable } from "../../scripts/quality/modules.ts";

function tableOf(mayImport: Readonly<Record<string, readonly string[]>>): ModuleTable {
  return { composition: "app", entries: [], adapters: "channels", vendors: {}, mayImport };
}

const faultsOf = (
  mayImport: Readonly<Record<string, readonly string[]>>,
  files: readonly string[],
): readonly string[] => checkTable(tableOf(mayImport), files).map(({ message }) => message);

describe("the module of a file", () => {
  const table = tableOf({
    channels: [],
    "channels/one/fake": [],
    dialog: [],
    "dialog/flows/*": [],
  });
  const cases: readonly (readonly [string, string | null])[] = [
    ["src/dialog/dialog.ts", "dialog"],
    ["src/dialog/texts/en.ts", "dialog"],
    ["src/dialog/flows/order/machine.ts", "dialog/flows/order"],
    ["src/dialog/flows/order/texts/en.ts", "dialog/flows/order"],
    ["src/channels/channel.ts", "channels"],
    ["src/channels/one/fake/server/server.ts", "channels/one/fake"],
    ["src/main.ts", null],
    ["src/unknown/file.ts", null],
    ["tests/unit/order.test.ts", null],
  ];
  for (const [file, module] of cases) {
    test(`${file} belongs to ${module ?? "none"}`, () => {
      expect(moduleOf(table, file)).toBe(module);
    });
  }
});

describe("the table is checked like the code", () => {
  test("a sound table passes", () => {
    const table = { core: [], work: ["core"], post: ["work/face.ts"], app: ["*"] };
    const files = ["src/core/a.ts", "src/work/face.ts", "src/post/a.ts", "src/app/a.ts"];
    expect(faultsOf(table, files)).toEqual([]);
  });

  test("a cycle of rows is found", () => {
    const faults = faultsOf({ one: ["two"], two: ["one"] }, ["src/one/a.ts", "src/two/a.ts"]);
    expect(faults).toEqual(["the table has a cycle: one → two → one"]);
  });

  test("a cycle through a face and a pattern is found", () => {
    const faults = faultsOf({ "one/*": ["two/face.ts"], two: ["one/*"] }, [
      "src/one/a/a.ts",
      "src/two/face.ts",
    ]);
    expect(faults).toEqual(["the table has a cycle: one/* → two → one/*"]);
  });

  test("a name without a row is found", () => {
    const faults = faultsOf({ one: ["twoo"] }, ["src/one/a.ts"]);
    expect(faults).toEqual(["the row of one names twoo, which has no row"]);
  });

  test("a row without a file is found", () => {
    const faults = faultsOf({ one: [] }, []);
    expect(faults).toEqual(["no file lies in src/one; take its row out until there is one"]);
  });
});

test("Hookdesk's own table opens adapters and the composition to nobody", () => {
  const { mayImport, adapters, composition } = MODULES;
  const entries = Object.entries(mayImport).filter(([row]) => row !== composition);
  const opened = entries
    .flatMap(([, row]) => row)
    .filter((entry) => entry === "*" || entry === composition || entry.startsWith(`${adapters}/`));
  expect(opened.filter((entry) => !entry.endsWith("/channel.ts"))).toEqual([]);
});
