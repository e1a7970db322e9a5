import { cyclesOf } from "./graph.ts";
import { computedImportsOf, type Import, importsOf } from "./imports.ts";
import { lineAt, readSource } from "./lexer.ts";
import { admits, checkTable, moduleOf, rowOf, TABLE_FILE } from "./module-table.ts";
import type { ModuleTable } from "./modules.ts";
import type { Tree } from "./tree.ts";
import type { Violation } from "./violation.ts";

/** A file of `src` with the module it belongs to and what it imports. */
type Unit = { readonly file: string; readonly module: string; readonly imports: readonly Import[] };

/** Machines and policies decide; they neither wait nor reach outside, so that a test needs nothing but values. */
const PURE_FILE = /(?:^|\/)(?:machine|policy|decide)\.ts$/;
const ASYNC = /\b(?:async|await|Promise)\b/g;
const SOURCE_FILE = /(?<!\.d)\.ts$|\.(?:lua|sql)$/;
const OUTSIDE_ALLOWED = new Set(["package.json"]);

/** Every rule of import direction over the project's tree; the table is an argument so that tests can bring their own. */
export function checkArchitecture(tree: Tree, table: ModuleTable): readonly Violation[] {
  const code = [...tree].filter(([path]) => /^(?:src|scripts|tests)\/.*\.ts$/.test(path));
  const imports = new Map(code.map(([path, text]) => [path, importsOf(path, text)]));
  const units = code.flatMap(([file]): Unit[] => {
    const module = moduleOf(table, file);
    if (!file.startsWith("src/") || module === null || table.entries.includes(file)) return [];
    return [{ file, module, imports: imports.get(file) ?? [] }];
  });
  const source = [...tree.keys()].filter((path) => path.startsWith("src/"));
  return [
    ...checkTable(table, source),
    ...checkRows(source, table),
    ...units.flatMap((unit) => checkDirection(unit, table)),
    ...units.flatMap((unit) => checkVendors(unit, table)),
    ...checkEntries(imports, table),
    ...checkOutside(imports),
    ...checkCycles(imports),
    ...checkOrphans(source, imports, table),
    ...checkComputed(tree),
    ...units.flatMap((unit) => checkPure(unit, tree.get(unit.file) ?? "")),
  ];
}

function checkRows(source: readonly string[], table: ModuleTable): readonly Violation[] {
  const strangers = source.filter(
    (file) =>
      SOURCE_FILE.test(file) && !table.entries.includes(file) && moduleOf(table, file) === null,
  );
  return strangers.map((file) =>
    violation("row", file, 1, `its folder has no row in ${TABLE_FILE}; give it one`),
  );
}

function checkDirection({ file, module, imports }: Unit, table: ModuleTable): readonly Violation[] {
  return imports.flatMap(({ target, line }) => {
    const other = target === null ? null : moduleOf(table, target);
    if (target === null || other === null || other === module) return [];
    if (admits(mayImport(table, module), other, target) && !isGuarded(table, module, other))
      return [];
    return [violation("direction", file, line, directionFault(table, module, other))];
  });
}

function mayImport(table: ModuleTable, module: string): readonly string[] {
  const row = rowOf(table, module);
  return row === null ? [] : (table.mayImport[row] ?? []);
}

/** The composition and the adapters are closed to everybody else, whatever a row says. */
function isGuarded({ composition, adapters }: ModuleTable, module: string, other: string): boolean {
  return other === composition || (other.startsWith(`${adapters}/`) && module !== composition);
}

function directionFault(table: ModuleTable, module: string, other: string): string {
  const { composition, entries, adapters } = table;
  const isAdapter = (name: string): boolean => name.startsWith(`${adapters}/`);
  const fault = `${module} may not import ${other}`;
  if (other === composition) return `${fault}: nobody does but ${entries.join(", ")}`;
  if (isAdapter(module) && isAdapter(other)) return `${fault}: adapters do not know each other`;
  if (isAdapter(other)) return `${fault}: only ${composition} names an adapter`;
  if (isAdapter(module)) return `${fault}: an adapter knows its port and no more of the pipeline`;
  return `${fault}; its row allows ${mayImport(table, module).join(", ") || "nothing"}`;
}

function checkVendors({ file, module, imports }: Unit, table: ModuleTable): readonly Violation[] {
  return imports.flatMap(({ vendor, line }) => {
    if (vendor === null) return [];
    const owners = table.vendors[vendor];
    if (owners === undefined) {
      return [violation("vendor", file, line, `${vendor} has no owner in ${TABLE_FILE}`)];
    }
    if (admits(owners, module, file)) return [];
    const message = `${vendor} belongs to ${owners.join(", ")}; use its face instead`;
    return [violation("vendor", file, line, message)];
  });
}

/** Entries lie in no module and hold no logic: everything they start is put together by the composition. */
function checkEntries(
  imports: ReadonlyMap<string, readonly Import[]>,
  table: ModuleTable,
): readonly Violation[] {
  return table.entries.flatMap((file) =>
    (imports.get(file) ?? []).flatMap(({ target, vendor, line }) => {
      const allowed =
        target === null ? vendor === null : moduleOf(table, target) === table.composition;
      if (allowed) return [];
      return [
        violation("entry", file, line, `an entry imports ${table.composition} and nothing else`),
      ];
    }),
  );
}

function checkOutside(imports: ReadonlyMap<string, readonly Import[]>): readonly Violation[] {
  return [...imports].flatMap(([file, list]) =>
    list.flatMap(({ target, line }) => {
      if (!file.startsWith("src/") || target === null || target.startsWith("src/")) return [];
      if (OUTSIDE_ALLOWED.has(target)) return [];
      return [
        violation("outside", file, line, `src may not import ${target}; what runs lies in src`),
      ];
    }),
  );
}

function checkCycles(imports: ReadonlyMap<string, readonly Import[]>): readonly Violation[] {
  const graph = new Map(
    [...imports].map(([file, list]) => [file, list.flatMap(({ target }) => target ?? [])]),
  );
  return cyclesOf(graph).map((way) =>
    violation("cycle", way[0] ?? "", 1, `import cycle: ${[...way, way[0]].join(" → ")}`),
  );
}

/** A file that only tests import is as dead as one that nobody does. */
function checkOrphans(
  source: readonly string[],
  imports: ReadonlyMap<string, readonly Import[]>,
  table: ModuleTable,
): readonly Violation[] {
  const used = new Set(
    [...imports].flatMap(([file, list]) =>
      file.startsWith("tests/")
        ? []
        : list.flatMap(({ target }) => (target === file ? [] : (target ?? []))),
    ),
  );
  const orphans = source.filter(
    (file) => SOURCE_FILE.test(file) && !table.entries.includes(file) && !used.has(file),
  );
  return orphans.map((file) =>
    violation("orphan", file, 1, "no file of src or scripts imports it; use it or delete it"),
  );
}

function checkComputed(tree: Tree): readonly Violation[] {
  return [...tree]
    .filter(([path]) => /^src\/.*\.ts$/.test(path))
    .flatMap(([file, text]) =>
      computedImportsOf(text).map((line) =>
        violation(
          "computed-import",
          file,
          line,
          "import() takes a literal path, which rules can follow",
        ),
      ),
    );
}

function checkPure({ file, imports }: Unit, text: string): readonly Violation[] {
  if (!PURE_FILE.test(file)) return [];
  const { code } = readSource(text);
  const waits = [...code.matchAll(ASYNC)].map(({ index }) =>
    violation(
      "pure",
      file,
      lineAt(text, index),
      "a machine or policy decides at once; wait in its shell",
    ),
  );
  const reaches = imports
    .filter(({ target }) => (target ?? "").startsWith("src/platform/"))
    .map(({ line }) =>
      violation("pure", file, line, "a machine or policy does no I/O; pass in what it needs"),
    );
  return [...waits, ...reaches];
}

function violation(rule: string, file: string, line: number, message: string): Violation {
  return { rule, file, line, message };
}
