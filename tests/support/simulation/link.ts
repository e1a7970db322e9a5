import type { Process, World } from "./world.ts";

/** How likely each misfortune of one call is, 0 to 1. */
export type LinkFaults = {
  /** The call never arrives, its caller is told. */
  readonly lost: number;
  /** The call is done, its caller is told that it failed. */
  readonly answerLost: number;
  /** The caller is told that it failed, and only then it is done. */
  readonly late: number;
  /** The call, or its answer, takes its time. */
  readonly slow: number;
  /** The caller dies with the call on its lips, or with the answer on its way. */
  readonly crash: number;
};

/** A server as its clients see it. */
export type Server = {
  readonly isUp: () => boolean;
  /** Rises whenever all connections are lost: what was on its way to the earlier one never arrives. */
  readonly epoch: () => number;
};

/** One process's connection to one server. */
export type Link = {
  /**
   * Calls the server: `work` is done there at one instant and must not wait for anything. Every call is a place where others run,
   * where the caller or the answer may be lost.
   */
  readonly call: <T>(work: () => Promise<T>) => Promise<T>;
};

export type LinkOptions = {
  readonly world: World;
  readonly process: Process;
  readonly server: Server;
  /** Asked at every call; null when nothing goes wrong any more. */
  readonly faults: () => LinkFaults | null;
};

/** Longest way of a healthy call, and of its answer, ms. */
const wayMsMax = 4;
const slowMsMax = 1_500;
const lateMsMax = 4_000;

type Fate = keyof LinkFaults | "well";

/** Makes a connection. A dead process's calls are not made and never answered. */
export function createLink(options: LinkOptions): Link {
  const { world, process, server } = options;
  const { random } = world;

  const call = <T>(work: () => Promise<T>): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    if (!process.isAlive()) return promise;
    const epoch = server.epoch();
    const fate = drawFate(world, options.faults());
    if (fate !== "well") world.note(() => `a call is ${fate}`);
    const way = fate === "slow" ? random.int(slowMsMax) : random.int(wayMsMax);
    const back = fate === "slow" ? random.int(slowMsMax) : random.int(wayMsMax);
    const refuse = (ms: number): void => {
      world.after(ms, () => reject(new LinkBroken()), process);
    };
    const arrive = (ms: number, then: (done: Promise<T>) => void): void => {
      world.after(ms, () => {
        if (!server.isUp() || server.epoch() !== epoch) return refuse(back);
        const done = work();
        done.catch(() => undefined);
        then(done);
      });
    };
    if (!server.isUp()) refuse(way);
    else if (fate === "lost") refuse(way);
    else if (fate === "answerLost") arrive(way, () => refuse(back));
    else if (fate === "late") {
      refuse(back);
      arrive(back + random.int(lateMsMax), () => undefined);
    } else if (fate === "crash" && random.chance(0.5)) world.kill(process);
    else if (fate === "crash") arrive(way, () => world.kill(process));
    else {
      arrive(way, (done) => {
        const answer = (deliver: () => void) => () => void world.after(back, deliver, process);
        done.then(
          (value) => answer(() => resolve(value))(),
          (error) => answer(() => reject(error))(),
        );
      });
    }
    return promise;
  };
  return { call };
}

function drawFate({ random }: World, faults: LinkFaults | null): Fate {
  if (faults === null) return "well";
  let drawn = random.float();
  for (const fate of ["lost", "answerLost", "late", "slow", "crash"] as const) {
    drawn -= faults[fate];
    if (drawn < 0) return fate;
  }
  return "well";
}

/** What a caller sees of every misfortune: it does not know what became of its call. */
export class LinkBroken extends Error {
  readonly code = "ECONNRESET";
  constructor() {
    super("connection lost");
  }
}
