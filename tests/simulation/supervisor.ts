import type { Process, World } from "../support/simulation/world.ts";

/** Keeps processes running: one that died is begun again a while later, as a process manager does. */
export type Supervisor = {
  readonly keep: (name: string, begin: (process: Process) => void) => void;
  /** Some living process. */
  readonly any: () => Process | null;
};

type Kept = {
  readonly name: string;
  readonly begin: (process: Process) => void;
  process: Process | null;
};

const lookEveryMs = 50;
const rebornMsMax = 400;

export function createSupervisor(world: World): Supervisor {
  const { random } = world;
  const kept: Kept[] = [];

  const raise = (one: Kept): void => {
    const process: Process = world.launch(one.name, () => one.begin(process));
    one.process = process;
  };
  const look = (): void => {
    for (const one of kept) {
      if (one.process === null || one.process.isAlive()) continue;
      one.process = null;
      world.after(random.int(rebornMsMax), () => raise(one));
    }
    world.after(lookEveryMs, look);
  };
  world.after(lookEveryMs, look);

  return {
    keep: (name, begin) => {
      const one: Kept = { name, begin, process: null };
      kept.push(one);
      raise(one);
    },
    any: () => {
      const living = kept.flatMap(({ process }) => (process?.isAlive() === true ? [process] : []));
      return living[random.int(Math.max(1, living.length))] ?? null;
    },
  };
}
