import { childrenOf, procText } from "./proc.ts";

/** Something whose CPU is counted under one name. */
export type Costing = {
  readonly name: string;
  readonly pid: number;
  /** Whether it works through children that come and go, as PostgreSQL does. */
  readonly children: boolean;
};

/** CPU seconds by name, user and system together; `others` is what else ran on the machine, the kernel's own work included. */
export type CpuSeconds = Readonly<Record<string, number>>;

const ticksPerSecond = 100;

/** Measures what work costs; null values where /proc does not tell are left out. */
export async function costOf<Result>(
  costing: readonly Costing[],
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly cpu: CpuSeconds }> {
  const before = costing.map(cpuSecondsOf);
  const machineBefore = machineSeconds();
  const result = await work();
  const machine = machineSeconds() - machineBefore;
  const used = costing.map((one, index): [string, number] => [
    one.name,
    cpuSecondsOf(one) - (before[index] ?? 0),
  ]);
  const ours = used.reduce((sum, [, seconds]) => sum + seconds, 0);
  return { result, cpu: { ...Object.fromEntries(used), others: Math.max(0, machine - ours) } };
}

function cpuSecondsOf({ pid, children }: Costing): number {
  const own = ticksOf(pid, children);
  const living = children ? childrenOf(pid).map((child) => ticksOf(child, true)) : [];
  return [own, ...living].reduce((sum, ticks) => sum + ticks, 0) / ticksPerSecond;
}

/** Ticks of a process, with those of its ended children where they count; 0 when it is gone. */
function ticksOf(pid: number, withEnded: boolean): number {
  const fields = statFields(pid);
  // utime, stime, cutime and cstime: fields 14 to 17 of the line, of which the first two are cut off.
  const counted = fields.slice(11, withEnded ? 15 : 13);
  return counted.reduce((sum, field) => sum + Number(field), 0);
}

function statFields(pid: number): readonly string[] {
  const stat = procText(`${pid}/stat`);
  // The name may itself hold spaces; the last parenthesis closes it.
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** Busy seconds of all cores since the machine started, those stolen by its host included. */
function machineSeconds(): number {
  const [line = ""] = procText("stat").split("\n");
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq + steal) / ticksPerSecond;
}
