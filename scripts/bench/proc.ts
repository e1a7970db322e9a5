import { readFileSync } from "node:fs";

/** What Linux tells about a process or the machine; empty when there is nothing to read. */
export function procText(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, "utf8").trim();
  } catch {
    return "";
  }
}

/** Children of a process that live now, e.g. PostgreSQL's backends. */
export function childrenOf(pid: number): readonly number[] {
  return procText(`${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
}
