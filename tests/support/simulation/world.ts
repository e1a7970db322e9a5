import { drainMicrotasks } from "bun:jsc";
import type { Clock } from "../../../src/core/clock.ts";
import { createAgenda } from "./agenda.ts";
import { createCounter } from "./counter.ts";
import { createRandom, type Random } from "./random.ts";
import { type Alarm, replaceGlobals } from "./virtual-globals.ts";

/**
 * A world with a time of its own, in which processes of Hookdesk live: real code, whose timers, clocks and calls go through here.
 * Everything happens in one agenda, so the same seed gives the same run. A process is nothing but the owner of what is to happen:
 *
 *   living ──pause──▶ paused (what is due waits) ──its time──▶ living
 *     └────kill────▶ dead (what was due never happens)
 *
 * The whole run is one synchronous call: between two things on the agenda all promises are taken to their end.
 */
export type World = {
  readonly random: Random;
  /** Ms since the beginning. */
  readonly now: () => number;
  readonly after: (ms: number, work: () => void, owner?: Process) => Alarm;
  /** Begins a process; its code runs as one of its own happenings. */
  readonly launch: (name: string, begin: () => void) => Process;
  readonly kill: (process: Process) => void;
  /** Kills the process whose code is running: what it does afterwards reaches nobody. */
  readonly killCurrent: () => void;
  readonly pause: (process: Process, ms: number) => void;
  /** How often a process was killed or paused. */
  readonly interruptions: () => number;
  /** Notes what happens, for people who look into one seed; costs nothing unless SIMULATION_TRACE is set. */
  readonly note: (tell: () => string) => void;
  /** Ends the run at the first fault found; nothing that the code under test catches can hide it. */
  readonly fail: (what: string) => void;
  /** What is thrown when a promise is broken; the seed repeats it. */
  readonly faultOf: (what: string) => SimulationFault;
  /** Runs until nothing is left to happen, `untilMs`, or `isOver` says so; @throws with the seed when something failed. */
  readonly run: (untilMs: number, isOver: () => boolean) => void;
};

export type Process = {
  readonly name: string;
  readonly clock: Clock;
  readonly isAlive: () => boolean;
};

type Life = Process & { alive: boolean; pausedUntil: number };
type Happening = { readonly owner: Life | null; readonly work: () => void; cancelled: boolean };

/** Some moment of 2026, ms. */
const epochMs = 1_790_000_000_000;
/** Clocks of different machines differ by up to this, ms; nothing may depend on them. */
const skewMsMax = 3_600_000;
const happeningsMax = 300_000;
const isTracing = process.env["SIMULATION_TRACE"] !== undefined;

/** Makes the world of one seed. `label` names the run in what it throws. */
export function createWorld(seed: number, label: string): World {
  const random = createRandom(seed);
  const agenda = createAgenda<Happening>();
  let now = 0;
  let current: Life | null = null;
  let fault: string | null = null;
  const nextId = createCounter();
  let interruptions = 0;

  const add = (at: number, happening: Happening): void => agenda.add(at, random.float(), happening);

  const schedule = (owner: Life | null, ms: number, work: () => void): Alarm => {
    const happening: Happening = { owner, work, cancelled: false };
    add(now + ms, happening);
    return {
      cancel: () => {
        happening.cancelled = true;
      },
    };
  };

  const happen = (happening: Happening): void => {
    const { owner } = happening;
    if (happening.cancelled || owner?.alive === false) return;
    if (owner !== null && owner.pausedUntil > now) {
      add(owner.pausedUntil, happening);
      return;
    }
    current = owner;
    happening.work();
    drainMicrotasks();
    current = null;
  };

  const runAgenda = (untilMs: number, isOver: () => boolean): void => {
    for (let count = 0; fault === null && !isOver(); count += 1) {
      const next = agenda.next();
      if (next === undefined || next.at > untilMs) return;
      if (count > happeningsMax) fault = "the run does not come to an end";
      now = next.at;
      happen(next.item);
    }
  };

  const lives = new Map<Process, Life>();
  const faultOf = (what: string): SimulationFault =>
    new SimulationFault(seed, `${label}, seed ${seed}, ${now} ms: ${what}`);
  return {
    random,
    now: () => now,
    after: (ms, work, owner) =>
      schedule(owner === undefined ? null : lifeOf(lives, owner), ms, work),
    launch: (name, begin) => {
      const [skew, start] = [random.int(2 * skewMsMax) - skewMsMax, random.int(skewMsMax)];
      const clock = { now: () => epochMs + now + skew, monotonic: () => start + now };
      const life: Life = { name, clock, isAlive: () => life.alive, alive: true, pausedUntil: 0 };
      lives.set(life, life);
      schedule(life, 0, begin);
      return life;
    },
    kill: (process) => {
      interruptions += 1;
      lifeOf(lives, process).alive = false;
    },
    killCurrent: () => {
      if (current !== null) current.alive = false;
    },
    faultOf,
    pause: (process, ms) => {
      interruptions += 1;
      lifeOf(lives, process).pausedUntil = now + ms;
    },
    interruptions: () => interruptions,
    note: (tell) => {
      if (isTracing) console.log(`${now} ms ${current?.name ?? "-"}: ${tell()}`);
    },
    fail: (what) => {
      fault ??= what;
    },
    run: (untilMs, isOver) => {
      const restore = replaceGlobals({
        setTimer: (work, ms) => schedule(current, Math.max(0, ms), work),
        clock: () => current?.clock ?? { now: () => epochMs + now, monotonic: () => now },
        random: random.float,
        nextId: () => `00000000-0000-4000-8000-${nextId().toString(16).padStart(12, "0")}`,
      });
      try {
        runAgenda(untilMs, isOver);
      } finally {
        restore();
      }
      if (fault !== null) throw faultOf(fault);
    },
  };
}

function lifeOf(lives: ReadonlyMap<Process, Life>, process: Process): Life {
  const life = lives.get(process);
  if (life === undefined) throw new Error("a process of another world");
  return life;
}

/** A promise was broken; the seed repeats it. */
export class SimulationFault extends Error {
  readonly seed: number;
  constructor(seed: number, what: string) {
    super(`${what}\n  repeat it with SIMULATION_SEED=${seed}`);
    this.seed = seed;
  }
}
