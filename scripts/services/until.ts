import { setTimeout as delay } from "node:timers/promises";

const everyMsDefault = 50;

export type UntilOptions = {
  readonly deadlineMs: number;
  readonly everyMs?: number;
  /** Ends the wait early, with `undefined`. */
  readonly signal?: AbortSignal | undefined;
};

/** Asks again and again until there is an answer. `undefined` means that the deadline passed without one. */
export async function until<Answer>(
  ask: () => Promise<Answer | undefined> | Answer | undefined,
  { deadlineMs, everyMs = everyMsDefault, signal }: UntilOptions,
): Promise<Answer | undefined> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() >= end || signal?.aborted === true) return undefined;
    await delay(everyMs);
  }
}
