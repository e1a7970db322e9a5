import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Path from the project's root, with `/`, to the file's text. */
export type Tree = ReadonlyMap<string, string>;

const FOLDERS_LEFT_OUT = new Set(["node_modules", ".git", ".hookdesk", "coverage"]);
const TEXT_FILE =
  /\.(?:ts|mjs|cjs|js|json|sql|lua|md|toml|yml|yaml|sh|html|css|txt)$|^[^.]+$|^\.\w+$/;

/** Every text file of the project as it lies on the disk, committed or not; what git ignores as a folder is left out. */
export function readTree(root: string): Tree {
  const files = pathsIn(root, "").toSorted();
  return new Map(files.map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

function pathsIn(root: string, folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return FOLDERS_LEFT_OUT.has(entry.name) ? [] : pathsIn(root, path);
    return entry.isFile() && TEXT_FILE.test(entry.name) ? [path] : [];
  });
}
