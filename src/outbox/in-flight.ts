import type { OriginId } from "../core/ids.ts";

/** The work that a sender has begun and not ended, in total and per origin. */
export type InFlight = {
  readonly size: () => number;
  readonly perOrigin: ReadonlyMap<OriginId, number>;
  /** Counts work until it ends; `work` must not reject. */
  readonly add: (origin: OriginId, work: Promise<void>) => void;
  /** Resolves when what is under way now has ended. */
  readonly ended: () => Promise<void>;
};

/** `onEnd` is told each time when there is room again. */
export function createInFlight(onEnd: () => void): InFlight {
  const works = new Set<Promise<void>>();
  const perOrigin = new Map<OriginId, number>();

  const count = (origin: OriginId, change: 1 | -1): void => {
    const number = (perOrigin.get(origin) ?? 0) + change;
    if (number === 0) perOrigin.delete(origin);
    else perOrigin.set(origin, number);
  };

  return {
    size: () => works.size,
    perOrigin,
    add: (origin, work) => {
      count(origin, 1);
      const counted = work.finally(() => {
        count(origin, -1);
        works.delete(counted);
        onEnd();
      });
      works.add(counted);
    },
    ended: async () => {
      await Promise.all(works);
    },
  };
}
