/**
 * Time for code that must not read the process's own clock directly.
 * `now` is wall time in ms and may jump; `monotonic` is ms since some start, never jumps and is the only one fit for deadlines.
 */
export type Clock = {
  readonly now: () => number;
  readonly monotonic: () => number;
};

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };
