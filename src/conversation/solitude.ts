/**
 * Lets groups of lanes be worked on beside each other, and a suspected lane alone in its process, so that it can take nobody
 * along when it kills.
 *
 *   free ──together──▶ shared (n groups) ──the last ends──▶ free
 *   free ──alone─────▶ alone ──ends──▶ free
 *
 * Who wants to be alone waits for the groups at work, and new groups wait behind it.
 */
export type Solitude = {
  readonly together: <T>(work: () => Promise<T>) => Promise<T>;
  readonly alone: <T>(work: () => Promise<T>) => Promise<T>;
};

type Enter = () => void;

/** Makes the gate of one process. */
export function createSolitude(): Solitude {
  const groups: Enter[] = [];
  const loners: Enter[] = [];
  let working = 0;
  let occupied = false;

  const admit = (): void => {
    if (occupied) return;
    const loner = working === 0 ? loners.shift() : undefined;
    if (loner !== undefined) {
      occupied = true;
      loner();
      return;
    }
    if (loners.length > 0) return;
    for (const group of groups.splice(0)) {
      working += 1;
      group();
    }
  };

  const entered = (queue: Enter[]): Promise<void> =>
    new Promise((resolve) => {
      queue.push(resolve);
      admit();
    });

  return {
    together: async (work) => {
      await entered(groups);
      try {
        return await work();
      } finally {
        working -= 1;
        admit();
      }
    },
    alone: async (work) => {
      await entered(loners);
      try {
        return await work();
      } finally {
        occupied = false;
        admit();
      }
    },
  };
}
