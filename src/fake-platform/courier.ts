import { pause } from "./pause.ts";
import type { RuleBook } from "./rule-book.ts";
import type { Random } from "./seeded-random.ts";

/**
 * Delivers webhooks as platforms do: one body, posted until somebody says 2xx.
 *
 *   round ── any copy got 2xx ──▶ acknowledged
 *     │ └─ none, schedule used up or stopped ──▶ given up
 *     └── none ──▶ waiting, longer each time ──▶ round
 *
 * A round is one POST, or several at once when told to duplicate. Copies that are still on their way when the first 2xx
 * comes arrive later, as late redeliveries do.
 */

/** How deliveries are disturbed; both may apply to one round. */
export type Disturbance =
  | { readonly mode: "duplicate"; readonly copies: number; readonly spreadMs: number }
  | { readonly mode: "delay"; readonly maxMs: number };

/** A sealed webhook. The address is asked at each attempt, because people may change it meanwhile. */
export type Letter<About> = {
  readonly account: string;
  readonly url: () => string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly about: About;
};

/** What letters are about, as far as rules ask for it. */
export type LetterSubject = { readonly hookType: string; readonly clientId: string | null };

export type DeliveryResult = {
  readonly delivery: number;
  readonly acknowledged: boolean;
  readonly attempts: number;
};

/** `firstRound` ends with the first round whatever it brought; `done` with acknowledgement or giving up. Neither rejects. */
export type Delivery = {
  readonly firstRound: Promise<boolean>;
  readonly done: Promise<DeliveryResult>;
};

/** One POST and how it ended; `status` is null when no answer came. */
export type Posted = {
  readonly delivery: number;
  readonly attempt: number;
  readonly copy: number;
  readonly startedMs: number;
  readonly status: number | null;
  readonly error: string | null;
};

export type CourierOptions<About extends LetterSubject> = {
  readonly disturbances: RuleBook<Disturbance>;
  readonly random: Random;
  readonly retryScheduleMs: readonly number[];
  readonly timeoutMs: number;
  readonly now: () => number;
  readonly onPosted: (letter: Letter<About>, posted: Posted) => void;
};

type Numbered<About> = Letter<About> & { readonly delivery: number };
type Turn = { readonly attempt: number; readonly copy: number; readonly delayMs: number };

/** Delivers letters until they are acknowledged, given up or the platform stops; a failed POST is told, never thrown. */
export class Courier<About extends LetterSubject> {
  readonly #options: CourierOptions<About>;
  readonly #stopping = new AbortController();
  readonly #inFlight = new Set<Promise<unknown>>();
  #deliveries = 0;

  constructor(options: CourierOptions<About>) {
    this.#options = options;
  }

  /** Starts the delivery of a letter at once. */
  deliver(letter: Letter<About>): Delivery {
    this.#deliveries += 1;
    const numbered = { ...letter, delivery: this.#deliveries };
    const firstRound = this.#round(numbered, 1);
    return { firstRound, done: this.#track(this.#untilAcknowledged(numbered, firstRound)) };
  }

  /** Resolves when nothing is on its way any more: no round, no wait for a retry, no late copy. */
  async idle(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.allSettled([...this.#inFlight]);
  }

  /** Gives up everything that is on its way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.idle();
  }

  async #untilAcknowledged(
    letter: Numbered<About>,
    first: Promise<boolean>,
  ): Promise<DeliveryResult> {
    const { delivery } = letter;
    let attempts = 1;
    if (await first) return { delivery, acknowledged: true, attempts };
    for (const waitMs of this.#options.retryScheduleMs) {
      await pause(waitMs, this.#stopping.signal);
      if (this.#stopping.signal.aborted) break;
      attempts += 1;
      if (await this.#round(letter, attempts)) return { delivery, acknowledged: true, attempts };
    }
    return { delivery, acknowledged: false, attempts };
  }

  #round(letter: Numbered<About>, attempt: number): Promise<boolean> {
    const copies = this.#delaysOf(letter).map((delayMs, index) =>
      this.#track(this.#post(letter, { attempt, copy: index + 1, delayMs })),
    );
    return firstTrue(copies);
  }

  /** One delay per copy of a round, ms. */
  #delaysOf({ account, about }: Letter<About>): readonly number[] {
    const { disturbances, random } = this.#options;
    const subject = { account, clientId: about.clientId, hookType: about.hookType };
    const delay = disturbances.pick(subject, (action) => action.mode === "delay");
    const duplicate = disturbances.pick(subject, (action) => action.mode === "duplicate");
    const startMs = delay?.mode === "delay" ? random() * delay.maxMs : 0;
    if (duplicate?.mode !== "duplicate") return [startMs];
    return Array.from({ length: duplicate.copies }, (_, index) =>
      index === 0 ? startMs : startMs + random() * duplicate.spreadMs,
    );
  }

  async #post(letter: Numbered<About>, turn: Turn): Promise<boolean> {
    await pause(turn.delayMs, this.#stopping.signal);
    if (this.#stopping.signal.aborted) return false;
    const startedMs = this.#options.now();
    const { status, error } = await this.#request(letter);
    const { attempt, copy } = turn;
    const { delivery } = letter;
    this.#options.onPosted(letter, { delivery, attempt, copy, startedMs, status, error });
    return status !== null && status >= 200 && status < 300;
  }

  async #request(letter: Letter<About>): Promise<Pick<Posted, "status" | "error">> {
    const timeout = AbortSignal.timeout(this.#options.timeoutMs);
    try {
      const response = await fetch(letter.url(), {
        method: "POST",
        headers: letter.headers,
        body: letter.body,
        redirect: "manual",
        signal: AbortSignal.any([timeout, this.#stopping.signal]),
      });
      await response.arrayBuffer();
      return { status: response.status, error: null };
    } catch (error) {
      return { status: null, error: error instanceof Error ? error.name : String(error) };
    }
  }

  #track<Result>(work: Promise<Result>): Promise<Result> {
    const tracked = work.finally(() => this.#inFlight.delete(tracked));
    this.#inFlight.add(tracked);
    return tracked;
  }
}

/** True with the first true, false when all are in and none was. */
function firstTrue(answers: readonly Promise<boolean>[]): Promise<boolean> {
  return new Promise((resolve, reject) => {
    for (const answer of answers) answer.then((yes) => yes && resolve(true), reject);
    Promise.all(answers).then(() => resolve(false), reject);
  });
}
