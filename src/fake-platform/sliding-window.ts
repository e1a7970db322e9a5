/**
 * The platform's own judgement of the rate: a true sliding window over monotonic arrival times.
 *
 *   arrival ── fewer than `count` admitted in (now - windowMs, now] ──▶ admitted
 *           └─ else ──▶ refused (it takes no place in the window)
 *
 * Apart from admission, an arrival is a violation when it is the N+1st or later of all arrivals, refused ones too, in the
 * window that ends with it: a client that obeys its limit never makes one.
 */

export type RateLimit = { readonly count: number; readonly windowMs: number };

export type Admission = { readonly admitted: boolean; readonly retryAfterMs: number };

/** Older arrivals are forgotten beyond this, so that a long run cannot fill the memory. */
const ARRIVALS_MAX = 1_000_000;

/** One account's window. It only counts: what a refused caller is told is decided elsewhere. */
export class SlidingWindow {
  readonly limit: RateLimit;
  #arrivals: number[] = [];
  #admitted: number[] = [];
  #refused = 0;
  #violations = 0;

  constructor(limit: RateLimit) {
    this.limit = limit;
  }

  /** Judges one arrival; `nowMs` must not decrease. */
  arrive(nowMs: number): Admission {
    this.#countArrival(nowMs);
    const oldestAt = this.#admitted.length - this.limit.count;
    const freeAtMs = (this.#admitted[oldestAt] ?? Number.NEGATIVE_INFINITY) + this.limit.windowMs;
    if (freeAtMs > nowMs) {
      this.#refused += 1;
      return { admitted: false, retryAfterMs: freeAtMs - nowMs };
    }
    this.#admitted = shortened(this.#admitted);
    this.#admitted.push(nowMs);
    return { admitted: true, retryAfterMs: 0 };
  }

  /** Ms until a call would be admitted, 0 when it would be now; for a platform whose call needs a place in several windows at once. */
  freeInMs(nowMs: number): number {
    const oldest = this.#admitted[this.#admitted.length - this.limit.count];
    return Math.max(0, (oldest ?? Number.NEGATIVE_INFINITY) + this.limit.windowMs - nowMs);
  }

  /** Judges an arrival that another window refuses: it is counted and takes no place. */
  refuse(nowMs: number): void {
    this.#countArrival(nowMs);
    this.#refused += 1;
  }

  #countArrival(nowMs: number): void {
    const before = this.#arrivals[this.#arrivals.length - this.limit.count];
    if (before !== undefined && before + this.limit.windowMs > nowMs) this.#violations += 1;
    this.#arrivals = shortened(this.#arrivals);
    this.#arrivals.push(nowMs);
  }

  get violations(): number {
    return this.#violations;
  }

  get refused(): number {
    return this.#refused;
  }

  /** Arrival times in ms of the platform's monotonic clock, refused ones too. */
  get arrivals(): readonly number[] {
    return this.#arrivals;
  }

  /** The most arrivals in any half-open window of this length. */
  maxInAnyWindow(windowMs: number = this.limit.windowMs): number {
    let first = 0;
    let most = 0;
    for (const [index, at] of this.#arrivals.entries()) {
      while ((this.#arrivals[first] ?? at) + windowMs <= at) first += 1;
      most = Math.max(most, index - first + 1);
    }
    return most;
  }
}

function shortened(times: number[]): number[] {
  return times.length < ARRIVALS_MAX ? times : times.slice(ARRIVALS_MAX / 2);
}
