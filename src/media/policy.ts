import type { MediaOutcome } from "./job.ts";

/** What a job becomes after an attempt; `pending` is tried again after `waitMs`. */
export type NextStep = {
  readonly status: "pending" | "stored" | "gone" | "refused" | "failed";
  readonly waitMs: number;
  readonly reason: string | null;
};

export type Attempted = {
  readonly attempt: number;
  /** Since the message was written, ms. */
  readonly ageMs: number;
  /** What is not had at that age is given up, ms. */
  readonly deadlineMs: number;
  /** From 0 to 1, so that files that failed together are not tried together. */
  readonly jitter: number;
};

const firstWaitMs = 4_000;
const waitMsMax = 30 * 60_000;
/** A platform that asks for more patience than this is asked earlier, ms. */
const retryAfterMsMax = 60 * 60_000;
/** A file that is missing at so many attempts, over half a minute and more, is gone. */
const missingAttemptsMax = 4;

/**
 * Decides what follows an attempt.
 *
 *   pending ──attempt──▶ stored | gone | refused
 *      ▲         ├── missing: gone at the fourth time ──▶ gone
 *      └─ wait ──┴── failed: until the deadline ────────▶ failed
 */
export function afterAttempt(outcome: MediaOutcome, attempted: Attempted): NextStep {
  switch (outcome.type) {
    case "stored":
      return { status: "stored", waitMs: 0, reason: null };
    case "gone":
    case "refused":
      return { status: outcome.type, waitMs: 0, reason: outcome.detail };
    case "interrupted":
      return { status: "pending", waitMs: 0, reason: "interrupted" };
    case "missing":
      return attempted.attempt >= missingAttemptsMax
        ? { status: "gone", waitMs: 0, reason: outcome.detail }
        : later(outcome.detail, null, attempted);
    case "failed":
      return later(outcome.detail, outcome.retryAfterMs, attempted);
  }
}

function later(reason: string, retryAfterMs: number | null, attempted: Attempted): NextStep {
  const waitMs = Math.max(backOffMs(attempted), Math.min(retryAfterMs ?? 0, retryAfterMsMax));
  if (attempted.ageMs + waitMs > attempted.deadlineMs)
    return { status: "failed", waitMs: 0, reason };
  return { status: "pending", waitMs, reason };
}

function backOffMs({ attempt, jitter }: Attempted): number {
  const fullMs = Math.min(firstWaitMs * 2 ** (attempt - 1), waitMsMax);
  return Math.round(fullMs * (1 + jitter / 2));
}
