/** The one shape of everything that lives long: `start` may be called once, `stop` twice or before `start` without harm. */
export type Service = {
  readonly name: string;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

export type PeriodicOptions = {
  readonly name: string;
  /** Pause between the end of one run and the start of the next, ms; `run` may return another pause for this time. */
  readonly pauseMs: number;
  readonly run: () => Promise<number | undefined>;
  /** What a failed run is told to; the service goes on after its pause. */
  readonly onError: (error: unknown) => void;
};

/** A service that runs, pauses, and runs again. `wake` cuts the pause short; a wake during a run is not lost. */
export type Periodic = Service & { readonly wake: () => void };

/**
 * Makes a periodic service. `stop` waits for the run in progress.
 *
 *   stopped ──start──▶ pausing ──time or wake──▶ running ──▶ pausing …   stop: ──▶ stopped
 */
export function periodic(options: PeriodicOptions): Periodic {
  let stopped = true;
  let woken = false;
  let cut: (() => void) | null = null;
  let loop: Promise<void> = Promise.resolve();

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      cut = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const runForever = async (): Promise<void> => {
    while (!stopped) {
      woken = false;
      const pauseMs = await runOnce(options);
      if (!stopped && !woken) await pause(pauseMs);
    }
  };

  const wake = (): void => {
    woken = true;
    cut?.();
  };

  return {
    name: options.name,
    start: async () => {
      if (!stopped) return;
      stopped = false;
      loop = runForever();
    },
    stop: async () => {
      stopped = true;
      wake();
      await loop;
    },
    wake,
  };
}

async function runOnce(options: PeriodicOptions): Promise<number> {
  try {
    return (await options.run()) ?? options.pauseMs;
  } catch (error) {
    options.onError(error);
    return options.pauseMs;
  }
}
