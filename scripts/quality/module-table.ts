import { posix } from "node:path";
import { cyclesOf } from "./graph.ts";
import type { ModuleTable } from "./modules.ts";
import type { Violation } from "./violation.ts";

export const TABLE_FILE = "scripts/quality/modules.ts";

/**
 * The module of a file of `src`: the longest folder of its path that has a row. Null for a file that lies in no row's
 * folder, so also for a new top folder and for files directly in `src`.
 */
export function moduleOf(table: ModuleTable, path: string): string | null {
  let folder = posix.dirname(path).replace(/^src\/?/, "");
  while (folder !== "" && folder !== ".") {
    if (rowOf(table, folder) !== null) return folder;
    folder = posix.dirname(folder);
  }
  return null;
}

/** The key of the row that governs a module: its own, or the pattern it falls under. */
export function rowOf(table: ModuleTable, module: string): string | null {
  if (module in table.mayImport) return module;
  const pattern = `${posix.dirname(module)}/*`;
  return pattern in table.mayImport ? pattern : null;
}

/** Whether one of the table's entries names a module or, for entries that are files, the very file. */
export function admits(entries: readonly string[], module: string, file: string): boolean {
  return entries.some((entry) => {
    if (entry === "*" || entry === module || file === `src/${entry}`) return true;
    return entry.endsWith("/*") && module.startsWith(entry.slice(0, -1));
  });
}

/** What is wrong with the table itself: names without a row, rows without a folder, and modules that need each other. */
export function checkTable(table: ModuleTable, files: readonly string[]): readonly Violation[] {
  const rows = Object.entries(table.mayImport);
  const lived = new Set(
    files.map((file) => moduleOf(table, file)).map((name) => name && rowOf(table, name)),
  );
  const graph = new Map(rows.map(([row, entries]) => [row, rowsBehind(table, row, entries)]));
  return [
    ...rows.flatMap(([row, entries]) => {
      const unknown = entries.filter(
        (entry) => entry !== "*" && rowsNamed(table, entry).length === 0,
      );
      return unknown.map((entry) => broken(`the row of ${row} names ${entry}, which has no row`));
    }),
    ...rows
      .filter(([row]) => !lived.has(row))
      .map(([row]) => broken(`no file lies in src/${row}; take its row out until there is one`)),
    ...cyclesOf(graph).map((way) =>
      broken(`the table has a cycle: ${[...way, way[0]].join(" → ")}`),
    ),
  ];
}

function rowsBehind(
  table: ModuleTable,
  row: string,
  entries: readonly string[],
): readonly string[] {
  return entries.flatMap((entry) => rowsNamed(table, entry)).filter((name) => name !== row);
}

function rowsNamed(table: ModuleTable, entry: string): readonly string[] {
  const rows = Object.keys(table.mayImport);
  if (entry === "*") return rows;
  if (entry.endsWith(".ts")) {
    const owner = moduleOf(table, `src/${entry}`);
    return owner === null ? [] : rows.filter((row) => row === rowOf(table, owner));
  }
  return rows.filter(
    (row) => row === entry || row === rowOf(table, entry) || admits([entry], row, ""),
  );
}

function broken(message: string): Violation {
  return { rule: "module-table", file: TABLE_FILE, line: 1, message };
}
