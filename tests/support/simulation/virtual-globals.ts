import type { Clock } from "../../../src/core/clock.ts";

/** Something that is to happen, and how to prevent it. */
export type Alarm = { readonly cancel: () => void };

/** What a world puts in the place of the runtime's own timers, clocks and chance. */
export type Replacements = {
  readonly setTimer: (work: () => void, ms: number) => Alarm;
  readonly clock: () => Clock;
  readonly random: () => number;
  readonly nextId: () => string;
};

/** A timer as Bun's and Node's code may use one. */
type Timer = Alarm & { readonly ref: () => Timer; readonly unref: () => Timer };

/**
 * Replaces the runtime's timers, clocks and chance for code that runs until the returned function is called. Only for a stretch
 * that does not give the event loop back: nobody else may see them.
 */
export function replaceGlobals(by: Replacements): () => void {
  const timer = (work: () => void, ms: number): Timer => {
    const { cancel } = by.setTimer(work, ms);
    const made: Timer = { cancel, ref: () => made, unref: () => made };
    return made;
  };
  const start = (work: (...given: unknown[]) => void, ms?: number, ...given: unknown[]): Timer =>
    timer(() => work(...given), ms ?? 0);
  const clear = (given: Timer | undefined): void => given?.cancel();
  const restores = [
    replace(globalThis, "setTimeout", start),
    replace(globalThis, "clearTimeout", clear),
    replace(globalThis, "setImmediate", (work: () => void) => timer(work, 0)),
    replace(globalThis, "clearImmediate", clear),
    replace(globalThis, "setInterval", () => {
      throw new Error("a simulated process may not use an interval");
    }),
    replace(Date, "now", () => by.clock().now()),
    replace(performance, "now", () => by.clock().monotonic()),
    replace(Math, "random", by.random),
    replace(crypto, "randomUUID", by.nextId),
  ];
  return () => {
    for (const restore of restores) restore();
  };
}

function replace(owner: object, name: string, by: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(owner, name);
  Object.defineProperty(owner, name, { value: by, configurable: true, writable: true });
  return () => {
    if (before === undefined) Reflect.deleteProperty(owner, name);
    else Object.defineProperty(owner, name, before);
  };
}
