import type { Costing } from "./cpu.ts";
import { childrenOf, procText } from "./proc.ts";

/** Private memory by name, MB; of a process with children that of all together, so that what they share is not counted. */
export type MemoryMb = Readonly<Record<string, number>>;

const kbPerMb = 1_024;

/** What each holds at this moment. */
export function memoryOf(costing: readonly Costing[]): MemoryMb {
  return Object.fromEntries(costing.map((one) => [one.name, privateMb(one)]));
}

function privateMb({ pid, children }: Costing): number {
  const all = children ? [pid, ...childrenOf(pid)] : [pid];
  const kb = all.reduce((sum, one) => sum + anonymousKb(one), 0);
  return kb / kbPerMb;
}

function anonymousKb(pid: number): number {
  return Number(/^RssAnon:\s*(\d+) kB$/m.exec(procText(`${pid}/status`))?.[1] ?? 0);
}
