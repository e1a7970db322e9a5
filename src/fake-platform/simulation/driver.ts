/** A simulated client: ids are only unique within an account. */
export type Person = { readonly account: string; readonly clientId: string };

/** What a client writes: words, or a photo where words were expected. */
export type Line = { readonly text?: string; readonly photo?: string };

/** A message that a client received. */
export type Reply = Person & { readonly externalId: string | null; readonly text: string };

/** One account's arrivals by the platform's clock. */
export type AccountStats = {
  readonly account: string;
  readonly arrivals: number;
  readonly accepted: number;
  readonly refusedOverLimit: number;
  readonly violations: number;
  readonly maxInWindow: number;
  readonly limitCount: number;
  readonly limitWindowMs: number;
};

/** How simulated clients reach a fake platform: in the process or over its control. */
export type SimulationDriver = {
  /** Resolves with whether the webhook was acknowledged. */
  readonly say: (person: Person, line: Line) => Promise<boolean>;
  /** Calls back for everything that clients receive from now on; returns the way to stop. */
  readonly listen: (hear: (reply: Reply) => void) => () => void;
  readonly stats: () => Promise<readonly AccountStats[]>;
};
