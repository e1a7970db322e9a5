import type { FakeAccount } from "./account.ts";
import { encodeJson, type JsonRecord } from "../../../fake-platform/exact-json.ts";
import { pause } from "../../../fake-platform/pause.ts";
import type { PlatformLog } from "./platform-log.ts";
import type { RuleBook } from "../../../fake-platform/rule-book.ts";
import type { Random } from "../../../fake-platform/seeded-random.ts";
import { signWebhook } from "./signature.ts";

/**
 * Delivers webhooks as the platform does: one body and one timestamp, posted until somebody says 2xx.
 *
 *   round ── any copy got 2xx ──▶ acknowledged
 *     │ └─ none, schedule used up or stopped ──▶ given up
 *     └── none ──▶ waiting (10 s, 5 min, 2 h) ──▶ round
 *
 * A round is one POST, or several at once when told to duplicate. Copies that are still on their way when the first 2xx
 * comes arrive later, as late redeliveries do.
 */

/** How deliveries are disturbed; both may apply to one round. */
export type WebhookDisturbance =
  | { readonly mode: "duplicate"; readonly copies: number; readonly spreadMs: number }
  | { readonly mode: "delay"; readonly maxMs: number };

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

export type WebhookSenderOptions = {
  readonly log: PlatformLog;
  readonly disturbances: RuleBook<WebhookDisturbance>;
  readonly random: Random;
  readonly retryScheduleMs: readonly number[];
  readonly timeoutMs: number;
  readonly now: () => number;
};

type Letter = {
  readonly delivery: number;
  readonly account: FakeAccount;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly hookType: string;
  readonly messageId: string | null;
  readonly clientId: string | null;
};

type Answered = { readonly status: number | null; readonly error: string | null };

/** Delivers webhooks until they are acknowledged, given up or the platform stops; a failed POST is logged, never thrown. */
export class WebhookSender {
  readonly #options: WebhookSenderOptions;
  readonly #stopping = new AbortController();
  readonly #inFlight = new Set<Promise<unknown>>();
  #deliveries = 0;

  constructor(options: WebhookSenderOptions) {
    this.#options = options;
  }

  /** Starts the delivery of a payload at once. */
  deliver(account: FakeAccount, payload: JsonRecord): Delivery {
    const letter = this.#seal(account, payload);
    const firstRound = this.#round(letter, 1);
    return { firstRound, done: this.#track(this.#untilAcknowledged(letter, firstRound)) };
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

  #seal(account: FakeAccount, payload: JsonRecord): Letter {
    this.#deliveries += 1;
    const body = encodeJson(payload);
    return {
      delivery: this.#deliveries,
      account,
      body,
      headers: headersOf(account, body),
      hookType: String(payload["hook_type"] ?? ""),
      messageId: idText(payload["message_id"]),
      clientId: idText(payload["client_id"]),
    };
  }

  async #untilAcknowledged(letter: Letter, first: Promise<boolean>): Promise<DeliveryResult> {
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

  #round(letter: Letter, attempt: number): Promise<boolean> {
    const copies = this.#delaysOf(letter).map((delayMs, index) =>
      this.#track(this.#post(letter, { attempt, copy: index + 1, delayMs })),
    );
    return firstTrue(copies);
  }

  /** One delay per copy of a round, ms. */
  #delaysOf(letter: Letter): readonly number[] {
    const { disturbances, random } = this.#options;
    const subject = {
      account: letter.account.name,
      clientId: letter.clientId,
      hookType: letter.hookType,
    };
    const delay = disturbances.pick(subject, (action) => action.mode === "delay");
    const duplicate = disturbances.pick(subject, (action) => action.mode === "duplicate");
    const startMs = delay?.mode === "delay" ? random() * delay.maxMs : 0;
    if (duplicate?.mode !== "duplicate") return [startMs];
    return Array.from({ length: duplicate.copies }, (_, index) =>
      index === 0 ? startMs : startMs + random() * duplicate.spreadMs,
    );
  }

  async #post(
    letter: Letter,
    turn: { readonly attempt: number; readonly copy: number; readonly delayMs: number },
  ): Promise<boolean> {
    await pause(turn.delayMs, this.#stopping.signal);
    if (this.#stopping.signal.aborted) return false;
    const startedMs = this.#options.now();
    const answered = await this.#request(letter);
    this.#options.log.append(letter.account.name, {
      kind: "webhook",
      delivery: letter.delivery,
      attempt: turn.attempt,
      copy: turn.copy,
      hookType: letter.hookType,
      messageId: letter.messageId,
      clientId: letter.clientId,
      startedMs,
      ...answered,
    });
    return answered.status !== null && answered.status >= 200 && answered.status < 300;
  }

  async #request(letter: Letter): Promise<Answered> {
    const timeout = AbortSignal.timeout(this.#options.timeoutMs);
    try {
      const response = await fetch(letter.account.webhookUrl, {
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

function headersOf(account: FakeAccount, body: string): Readonly<Record<string, string>> {
  const { token, signatureKey = "hex", signed = true } = account.options;
  const timestamp = String(Math.floor(Date.now() / 1000));
  if (!signed) return { "content-type": "application/json" };
  return {
    "content-type": "application/json",
    "x-timestamp": timestamp,
    "x-signature": signWebhook({ token, body, timestamp, key: signatureKey }),
  };
}

function idText(value: unknown): string | null {
  return ["string", "number", "bigint"].includes(typeof value) ? String(value) : null;
}

/** True with the first true, false when all are in and none was. */
function firstTrue(answers: readonly Promise<boolean>[]): Promise<boolean> {
  return new Promise((resolve, reject) => {
    for (const answer of answers) answer.then((yes) => yes && resolve(true), reject);
    Promise.all(answers).then(() => resolve(false), reject);
  });
}
