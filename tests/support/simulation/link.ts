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
const slowMsMax = [30, 200, 1_500] as const;
const lateMsMax = 4_000;

type Fate = keyof LinkFaults | "well";

/** Makes a connection. A dead process's calls are not made and never answered. */
export function createLink(options: LinkOptions): Link {
  const { world, process, server } = options;
  return {
    call: <T>(work: () => Promise<T>): Promise<T> => {
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      if (!process.isAlive()) return promise;
      const fate = server.isUp() ? drawFate(world, options.faults()) : "lost";
      if (fate !== "well") world.note(() => `a call is ${fate}`);
      begin(options, fate, { work, resolve, reject });
      return promise;
    },
  };
}

type Call<T> = {
  readonly work: () => Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
};

/** Lets a call meet its fate. */
function begin<T>(options: LinkOptions, fate: Fate, call: Call<T>): void {
  const { world, process } = options;
  const { random } = world;
  const msMax = fate === "slow" ? random.pick(slowMsMax) : wayMsMax;
  const [way, back] = [random.int(msMax), random.int(msMax)];
  const trip = { ...options, call, back };
  switch (fate) {
    case "well":
    case "slow":
      arrive(trip, way, (done) => answer(trip, done));
      return;
    case "lost":
      refuse(trip, way);
      return;
    case "answerLost":
      arrive(trip, way, () => refuse(trip, back));
      return;
    case "late":
      refuse(trip, back);
      arrive(trip, back + random.int(lateMsMax), () => undefined);
      return;
    case "crash":
      if (random.chance(0.5)) world.kill(process);
      else arrive(trip, way, () => world.kill(process));
  }
}

type Trip<T> = LinkOptions & { readonly call: Call<T>; readonly back: number };

function refuse<T>({ world, process, call }: Trip<T>, ms: number): void {
  world.after(ms, () => call.reject(new LinkBroken()), process);
}

/** The server works whatever has become of the caller; what was sent over an earlier connection never arrives. */
function arrive<T>(trip: Trip<T>, ms: number, then: (done: Promise<T>) => void): void {
  const epoch = trip.server.epoch();
  trip.world.after(ms, () => {
    if (!trip.server.isUp() || trip.server.epoch() !== epoch) {
      refuse(trip, trip.back);
      return;
    }
    const done = trip.call.work();
    done.catch(() => undefined);
    then(done);
  });
}

function answer<T>({ world, process, call, back }: Trip<T>, done: Promise<T>): void {
  done.then(
    (value) => world.after(back, () => call.resolve(value), process),
    (error) => world.after(back, () => call.reject(error), process),
  );
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
class LinkBroken extends Error {
  readonly code = "ECONNRESET";
  constructor() {
    super("connection lost");
  }
}
