import { readFileSync, statSync } from "node:fs";
import { type Account, run } from "./command.ts";

const nobody: Account = { uid: 65_534, gid: 65_534 };

/**
 * PostgreSQL refuses to run as root, so root runs it as somebody else; everybody else as themselves (`undefined`).
 * It is the owner of the data that is already there, else the system's `postgres`, else nobody.
 */
export function accountFor(clusterFolder: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const owner = statSync(clusterFolder, { throwIfNoEntry: false });
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  return accountNamed("postgres", readFileSync("/etc/passwd", "utf8")) ?? nobody;
}

/** Finds a user in the text of a passwd file. */
export function accountNamed(name: string, passwd: string): Account | undefined {
  const fields = passwd
    .split("\n")
    .map((line) => line.split(":"))
    .find(([user]) => user === name);
  const uid = Number(fields?.[2] ?? 0);
  const gid = Number(fields?.[3] ?? 0);
  return uid > 0 && gid > 0 ? { uid, gid } : undefined;
}

/** Whether that user can open the file (`-r`) or enter the folder or run the program (`-x`), with all folders above it. */
export async function reaches(
  account: Account | undefined,
  mode: "-r" | "-x",
  path: string,
): Promise<boolean> {
  const result = await run("test", [mode, path], { account, cwd: "/" });
  return result.ok;
}
