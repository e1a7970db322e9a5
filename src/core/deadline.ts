/** Says that something took longer than it may; `code` is stable for people who read logs. */
export class DeadlineExceeded extends Error {
  readonly code = "deadline_exceeded";
  constructor(what: string, limitMs: number) {
    super(`${what} took longer than ${limitMs} ms`);
  }
}

/** Resolves as `work` does, or rejects with DeadlineExceeded after `limitMs`; the work itself is not cancelled. */
export async function within<T>(work: Promise<T>, limitMs: number, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineExceeded(what, limitMs)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Does `work` with a signal that tells it to end after `limitMs`, for the reason given; ends as the work does. */
export async function abortedAfter<T>(
  limitMs: number,
  reason: () => Error,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(reason()), limitMs);
  try {
    return await work(ending.signal);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves after `ms`. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Does `work` again after a pause while it rejects, `tries` times at most; then rejects as the last try did. For work that may be repeated. */
export async function retrying<T>(
  work: () => Promise<T>,
  limits: { readonly tries: number; readonly pauseMs: number },
): Promise<T> {
  for (let left = limits.tries; left > 1; left -= 1) {
    try {
      return await work();
    } catch {
      await pause(limits.pauseMs);
    }
  }
  return work();
}
