import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "../services/folders.ts";
import { type Patch, patched } from "./mutants.ts";

/**
 * Copies the program and its migrations, so that an edit during the drill changes nothing, and so that mutants harm nobody. The copy
 * lies below the project, whose packages it therefore finds.
 */
export function copyTree(folder: string, patches: readonly Patch[] = []): string {
  mkdirSync(folder, { recursive: true });
  for (const part of ["src", "migrations", "package.json", "tsconfig.json"])
    cpSync(join(projectFolder, part), join(folder, part), { recursive: true });
  for (const patch of patches) {
    const file = join(folder, patch.file);
    writeFileSync(file, patched(readFileSync(file, "utf8"), patch));
  }
  return folder;
}
