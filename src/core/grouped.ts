/**
 * Group commit without a timer: what arrives while a call runs goes together into the next call. One item alone waits for
 * nothing but the end of the event loop's turn, so latency stays low when idle and the cost per item falls under load.
 */
export type GroupLimits = {
  /** Most items of one call. */
  readonly itemsMax: number;
  /** Calls that may run at the same time. */
  readonly callsMax: number;
};

type Waiting<In, Out> = {
  readonly item: In;
  readonly resolve: (value: Out) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * Makes a function of one item from a function of many.
 * `run` returns one result per item, in order; when it rejects, every item of that call rejects with its error.
 */
export function grouped<In, Out>(
  run: (items: readonly In[]) => Promise<readonly Out[]>,
  limits: GroupLimits,
): (item: In) => Promise<Out> {
  const waiting: Waiting<In, Out>[] = [];
  let running = 0;
  let scheduled = false;

  const schedule = (): void => {
    if (scheduled || running >= limits.callsMax || waiting.length === 0) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      void flush();
    });
  };

  const flush = async (): Promise<void> => {
    const group = waiting.splice(0, limits.itemsMax);
    if (group.length === 0) return;
    running += 1;
    schedule();
    await settle(group, run);
    running -= 1;
    schedule();
  };

  return (item) =>
    new Promise<Out>((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      schedule();
    });
}

async function settle<In, Out>(
  group: readonly Waiting<In, Out>[],
  run: (items: readonly In[]) => Promise<readonly Out[]>,
): Promise<void> {
  try {
    const results = await run(group.map((waiting) => waiting.item));
    group.forEach((waiting, index) => {
      const result = results[index];
      if (result === undefined)
        waiting.reject(new Error("a grouped call returned too few results"));
      else waiting.resolve(result);
    });
  } catch (error) {
    for (const waiting of group) waiting.reject(error);
  }
}
