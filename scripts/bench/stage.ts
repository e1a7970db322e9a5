import type { Costing, CpuSeconds } from "./cpu.ts";
import type { Bench } from "./scenario.ts";
import type { FreshStores } from "./stores.ts";
import type { Contender, RunningSystem } from "./systems/system.ts";

/** One system, running alone on empty stores. */
export type Stage = {
  readonly system: RunningSystem;
  readonly stores: FreshStores;
  /** Everything whose CPU counts: the system, both stores, and the generator. */
  readonly costing: () => readonly Costing[];
};

/** Starts a system, lets `work` measure it, and ends it, whatever happens. */
export async function onStage<Result>(
  bench: Bench,
  contender: Contender,
  options: {
    readonly workers: boolean;
    /** Prepares the database before the system starts. */
    readonly before?: (stores: FreshStores) => Promise<void>;
    readonly work: (stage: Stage) => Promise<Result>;
  },
): Promise<Result> {
  bench.signal.throwIfAborted();
  const stores = await bench.stores.fresh();
  await options.before?.(stores);
  const { generator, logs, signal, keep } = bench;
  const surroundings = { stores, sinkUrl: generator.sinkUrl, logs, signal, keep };
  const system = await contender.start(surroundings, options.workers);
  const costing = () => [
    ...system.costing(),
    ...bench.stores.costing(),
    { name: "generator", pid: generator.pid, children: false },
  ];
  try {
    return await options.work({ system, stores, costing });
  } finally {
    await system.stop();
  }
}

/** What did not serve the messages: the load itself, and whatever else ran on the machine. */
const notTheSystem = ["generator", "others"];

/** Parts of a second that are kept. */
const fraction = 1e6;

/** CPU seconds per 1,000 messages, by name, and of the system with its stores together. */
export function costPer1000(
  cpu: CpuSeconds,
  messages: number,
): readonly { readonly name: string; readonly seconds: number }[] {
  const each = Object.entries(cpu).map(([name, seconds]) => ({
    name,
    // Sums of hundredths are no whole hundredths, and their differences are hardly ever nothing.
    seconds: Math.round((seconds * 1_000 * fraction) / messages) / fraction,
  }));
  const all = each
    .filter(({ name }) => !notTheSystem.includes(name))
    .reduce((sum, { seconds }) => sum + seconds, 0);
  return [{ name: "system and stores", seconds: all }, ...each];
}
