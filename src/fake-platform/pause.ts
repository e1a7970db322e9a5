/** Waits so many ms; ends early, and quietly, when the signal is aborted. */
export function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted || durationMs <= 0) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, durationMs);
    signal.addEventListener("abort", end);
  });
}

/** The result of a work, or null when it takes longer or the signal is aborted first; rejects as the work does. */
export async function within<Result>(
  work: Promise<Result>,
  limit: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Result | null> {
  const settled = new AbortController();
  const over = pause(limit.timeoutMs, AbortSignal.any([settled.signal, limit.signal]));
  try {
    return await Promise.race([work, over.then(() => null)]);
  } finally {
    settled.abort();
  }
}
