import { encodeJson } from "../../../fake-platform/exact-json.ts";
import { pause } from "../../../fake-platform/pause.ts";
import type { RuleBook } from "../../../fake-platform/rule-book.ts";
import type { Random } from "../../../fake-platform/seeded-random.ts";
import type { FakeBot } from "./bot.ts";
import type { TelegramLog } from "./log.ts";
import { nowS, type Posted } from "./updates.ts";

/**
 * Delivers updates as the platform does: one line per chat (per person for pressed buttons), the next only after the one before was
 * acknowledged or has expired; lines side by side, as many as the webhook allows connections.
 *
 *   waiting for its line ─▶ waiting for a connection ─▶ posted ── 2xx ──▶ acknowledged, a method in the answer is carried out
 *                                   ▲                     │ └── 410 for long, expired ──▶ given up
 *                                   └── at once, 2, 4, 8 … s, or as Retry-After says ──┘
 */

/** How deliveries are disturbed; both may apply. */
export type WebhookDisturbance =
  | { readonly mode: "duplicate"; readonly copies: number; readonly spreadMs: number }
  | { readonly mode: "delay"; readonly maxMs: number };

export type DeliveryResult = {
  readonly updateId: number;
  readonly acknowledged: boolean;
  readonly attempts: number;
};

export type WebhookQueuesOptions = {
  readonly log: TelegramLog;
  readonly disturbances: RuleBook<WebhookDisturbance>;
  readonly random: Random;
  /** How much faster the platform's clock for waits and expiry runs. */
  readonly timeScale: number;
  readonly timeoutMs: number;
  readonly now: () => number;
  /** Carries out a method that a webhook's answer names. */
  readonly carryOut: (bot: FakeBot, answer: string) => Promise<void>;
};

const firstBackOffMs = 2_000;
const backOffMsMin = 60_000;
const backOffMsSpread = 60_000;
const retryAfterSMax = 3_600;

type Answered = {
  readonly status: number | null;
  readonly error: string | null;
  readonly text: string;
  readonly retryAfterMs: number | null;
};

/** Delivers until acknowledged, expired or stopped; a failed POST is logged, never thrown. */
export class WebhookQueues {
  readonly #options: WebhookQueuesOptions;
  readonly #stopping = new AbortController();
  readonly #lines = new Map<string, Promise<unknown>>();
  readonly #inFlight = new Set<Promise<unknown>>();
  readonly #connections = new Map<FakeBot, { open: number; readonly waiting: (() => void)[] }>();

  constructor(options: WebhookQueuesOptions) {
    this.#options = options;
  }

  /** Puts an update at the end of its line; resolves when it was acknowledged or given up. */
  post(bot: FakeBot, posted: Posted): Promise<DeliveryResult> {
    const line = `${bot.name} ${posted.queue}`;
    const since = this.#options.now();
    const before = this.#lines.get(line) ?? Promise.resolve();
    const done = before.then(() => this.#deliver(bot, posted, since));
    const settled = done.then(() => undefined);
    this.#lines.set(line, settled);
    bot.waiting += 1;
    void settled.then(() => {
      bot.waiting -= 1;
      if (this.#lines.get(line) === settled) this.#lines.delete(line);
    });
    return this.#track(done);
  }

  async idle(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.allSettled([...this.#inFlight]);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.idle();
  }

  async #deliver(bot: FakeBot, posted: Posted, since: number): Promise<DeliveryResult> {
    const { timeScale, now } = this.#options;
    const heldMs = now() - since;
    const until = since + posted.lifeMs / timeScale;
    let backOffMs = 0;
    for (let attempt = 1; now() < until && !this.#stopping.signal.aborted; attempt += 1) {
      const answered = await this.#round(bot, posted, { attempt, heldMs });
      const { updateId } = posted;
      if (isOk(answered)) return { updateId, acknowledged: true, attempts: attempt };
      bot.trouble = { atS: nowS(), message: troubleOf(answered) };
      await pause((answered.retryAfterMs ?? backOffMs) / timeScale, this.#stopping.signal);
      backOffMs = this.#nextBackOff(backOffMs);
    }
    return { updateId: posted.updateId, acknowledged: false, attempts: 0 };
  }

  #nextBackOff(lastMs: number): number {
    const doubled = lastMs === 0 ? firstBackOffMs : lastMs * 2;
    return Math.min(doubled, backOffMsMin + this.#options.random() * backOffMsSpread);
  }

  /** One attempt; copies that come after the first answer are still on their way when the line goes on. */
  async #round(
    bot: FakeBot,
    posted: Posted,
    turn: { readonly attempt: number; readonly heldMs: number },
  ): Promise<Answered> {
    const [first = 0, ...others] = this.#delaysOf(bot, posted);
    for (const [index, delayMs] of others.entries())
      void this.#track(this.#send(bot, posted, { ...turn, copy: index + 2, delayMs }));
    return this.#send(bot, posted, { ...turn, copy: 1, delayMs: first });
  }

  /** One delay per copy, ms. */
  #delaysOf(bot: FakeBot, posted: Posted): readonly number[] {
    const { disturbances, random } = this.#options;
    const subject = { account: bot.name, clientId: posted.queue, hookType: posted.kind };
    const delay = disturbances.pick(subject, (action) => action.mode === "delay");
    const duplicate = disturbances.pick(subject, (action) => action.mode === "duplicate");
    const startMs = delay?.mode === "delay" ? random() * delay.maxMs : 0;
    if (duplicate?.mode !== "duplicate") return [startMs];
    return Array.from({ length: duplicate.copies }, (_, index) =>
      index === 0 ? startMs : startMs + random() * duplicate.spreadMs,
    );
  }

  async #send(
    bot: FakeBot,
    posted: Posted,
    turn: {
      readonly attempt: number;
      readonly heldMs: number;
      readonly copy: number;
      readonly delayMs: number;
    },
  ): Promise<Answered> {
    await pause(turn.delayMs, this.#stopping.signal);
    const release = await this.#connect(bot);
    const startedMs = this.#options.now();
    const answered = await this.#request(bot, encodeJson(posted.body)).finally(release);
    this.#options.log.append(bot.name, {
      kind: "webhook",
      updateId: posted.updateId,
      update: posted.kind,
      queue: posted.queue,
      attempt: turn.attempt,
      copy: turn.copy,
      status: answered.status,
      error: answered.error,
      startedMs,
      heldMs: turn.heldMs,
    });
    if (isOk(answered)) await this.#options.carryOut(bot, answered.text);
    return answered;
  }

  /** A place among the webhook's connections; resolves with the way to leave it. */
  async #connect(bot: FakeBot): Promise<() => void> {
    const places = this.#connections.get(bot) ?? { open: 0, waiting: [] };
    this.#connections.set(bot, places);
    if (places.open >= (bot.webhook?.maxConnections ?? 1))
      await new Promise<void>((resolve) => places.waiting.push(resolve));
    else places.open += 1;
    return () => {
      const next = places.waiting.shift();
      // The place passes on as it is, so that nobody can slip in between.
      if (next === undefined) places.open -= 1;
      else next();
    };
  }

  async #request(bot: FakeBot, body: string): Promise<Answered> {
    const { webhook } = bot;
    const none = { status: null, text: "", retryAfterMs: null };
    if (webhook === null) return { ...none, error: "no webhook" };
    const timeout = AbortSignal.timeout(this.#options.timeoutMs);
    try {
      const response = await fetch(webhook.url, {
        method: "POST",
        headers: headersOf(webhook.secret),
        body,
        redirect: "manual",
        signal: AbortSignal.any([timeout, this.#stopping.signal]),
      });
      const text = await response.text();
      return { status: response.status, error: null, text, retryAfterMs: retryAfterOf(response) };
    } catch (error) {
      return { ...none, error: error instanceof Error ? error.name : String(error) };
    }
  }

  #track<Result>(work: Promise<Result>): Promise<Result> {
    const tracked = work.finally(() => this.#inFlight.delete(tracked));
    this.#inFlight.add(tracked);
    return tracked;
  }
}

function headersOf(secret: string): Record<string, string> {
  const own = { "content-type": "application/json" };
  return secret === "" ? own : { ...own, "x-telegram-bot-api-secret-token": secret };
}

function retryAfterOf(response: Response): number | null {
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  return Number.isNaN(seconds) ? null : Math.min(Math.max(seconds, 0), retryAfterSMax) * 1_000;
}

function isOk({ status }: Answered): boolean {
  return status !== null && status >= 200 && status < 300;
}

function troubleOf({ status, error }: Answered): string {
  return status === null
    ? `Connection failed: ${error}`
    : `Wrong response from the webhook: ${status} ${status === 401 ? "Unauthorized" : "Error"}`;
}
