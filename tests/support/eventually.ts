/** Longest time anything in a test may take to become true, ms. */
const deadlineMsDefault = 15_000;
const pollMs = 20;

/**
 * Resolves with the first result of `look` that is not undefined, null or false; rejects at the deadline with the name of what was
 * awaited. For what gives no signal of its own: rows of another process, keys that expire.
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | null | false> | T | undefined | null | false,
  deadlineMs = deadlineMsDefault,
): Promise<T> {
  const until = performance.now() + deadlineMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== null && seen !== false) return seen;
    if (performance.now() > until) throw new Error(`waited ${deadlineMs} ms in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
