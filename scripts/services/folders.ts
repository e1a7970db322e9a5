import { chmodSync, lstatSync, mkdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { CannotStart, errorCode } from "./service.ts";

const hashChars = 12;

/** The folder of the clone that this file belongs to. */
export const projectFolder = dirname(dirname(import.meta.dir));

/** Everything that a running Hookdesk keeps beside its code; ignored by git. */
export const stateFolder = join(projectFolder, ".hookdesk");

/** What the programs that stay have printed. */
export const logsFolder = join(stateFolder, "logs");

/** Where PostgreSQL lives when its user cannot enter the project, as under a home that only root may open. */
export const outsideFolder = outsideFolderOf(projectFolder);

/** The outside folder of a clone. */
export function outsideFolderOf(project: string): string {
  return `/var/tmp/hookdesk-${shortHash(project)}`;
}

/** A name for a path that is short, stable and safe in file names. */
export function shortHash(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("hex").slice(0, hashChars);
}

/** Makes a folder that only its owner can list. `enter` lets others pass through to what belongs to them inside. */
export function ownFolder(path: string, access: "private" | "enter"): string {
  try {
    mkdirSync(path, { recursive: true });
    requireOwner(path);
    chmodSync(path, access === "private" ? 0o700 : 0o711);
  } catch (error) {
    if (error instanceof CannotStart) throw error;
    throw new CannotStart(`The folder ${path} cannot be used (${errorCode(error)}).`);
  }
  return path;
}

/** In a folder where everybody may write, a stranger may have made our name first. */
function requireOwner(path: string): void {
  const found = lstatSync(path);
  const mine = process.getuid?.() ?? found.uid;
  if (found.isDirectory() && found.uid === mine) return;
  throw new CannotStart(
    `The folder ${path} belongs to another user of this machine. Remove it, or run Hookdesk as that user.`,
  );
}

/** A path as people read it: relative inside the project. */
export function shown(path: string): string {
  const short = relative(projectFolder, path);
  return short.startsWith("..") ? path : short;
}
