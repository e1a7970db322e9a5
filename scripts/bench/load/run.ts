/**
 * One load: clients who write and what they get back.
 *
 *   prepared ──first request──▶ posting ──last acknowledgement──▶ posted ──last reply, or patience──▶ settled
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Plan, Posted, Progress, Settled } from "./commands.ts";
import { answers } from "./dialog.ts";
import { Samples } from "./samples.ts";
import type { Reply } from "./sink.ts";
import { type WebhookWriter, webhookWriter } from "./webhook.ts";

export type Client = {
  readonly id: number;
  /** The number of the next message. */
  next: number;
  /** The number of the message that the next reply must fit. */
  expected: number;
  broken: boolean;
  /** When the messages that are still to be answered were sent. */
  readonly sentAt: number[];
  /** The request that is not acknowledged yet. */
  posting: Promise<void> | null;
  /** Whoever waits for the answers to all that was sent. */
  waiting: (() => void) | null;
};

/** Whoever carries a request and brings its status back. */
export type Carrier = { readonly request: (bytes: Uint8Array) => Promise<number> };

/** Requests of more messages are written when they are sent, instead of before: they would fill the memory. */
const preparedMax = 250_000;
const idleLookMs = 250;
/** How often and how soon a platform of the bench delivers again; a real one waits longer. */
const deliveriesMax = 60;
const redeliveryMs = 250;

export class LoadRun {
  readonly plan: Plan;
  readonly clients: readonly Client[];
  readonly messages: number;
  readonly #write: WebhookWriter;
  /** By client, then by message; empty when there are too many. */
  readonly #prepared: readonly (readonly Uint8Array[])[];
  readonly #acks = new Samples();
  readonly #late = new Samples();
  readonly #replies = new Samples();
  readonly #arrivals: number[] = [];
  readonly #complete = Promise.withResolvers<void>();
  #sent = 0;
  #acknowledged = 0;
  #refused = 0;
  #unaccepted = 0;
  #answered = 0;
  #extra = 0;
  #beganAt = 0;
  #postedAt = 0;
  #firstReplyAt = 0;
  #lastReplyAt = 0;
  #gaveUp = false;

  constructor(plan: Plan) {
    this.plan = plan;
    const { first, count, stride } = plan.clients;
    this.clients = Array.from({ length: count }, (_, index) =>
      clientOf(first + index * stride, plan.from),
    );
    this.messages = count * (plan.to - plan.from);
    this.#write = webhookWriter(plan.target);
    this.#prepared = this.messages > preparedMax ? [] : this.clients.map((one) => this.#all(one));
  }

  begin(): void {
    this.#beganAt = performance.now();
  }

  /** Sends a client's next message and resolves when it is acknowledged. `at`: the instant for which it was meant. */
  async send(index: number, carrier: Carrier, at: number | null = null): Promise<void> {
    const client = this.clients[index];
    if (client === undefined) return;
    const { from } = this.plan;
    const request =
      this.#prepared[index]?.[client.next - from] ?? this.#write(client.id, client.next);
    client.next += 1;
    this.#sent += 1;
    const now = performance.now();
    if (at !== null) this.#late.add(now - at);
    const meant = at ?? now;
    client.sentAt.push(meant);
    if (!(await this.#deliver(request, carrier))) this.#unaccepted += 1;
    const end = performance.now();
    this.#acks.add(end - meant);
    this.#acknowledged += 1;
    this.#postedAt = end;
  }

  /** Takes a reply to one of its clients. */
  hear(client: Client, { text, at }: Reply): void {
    const sentAt = client.sentAt.shift();
    if (sentAt === undefined) {
      this.#extra += 1;
      client.broken = true;
      return;
    }
    if (!answers(client.id, client.expected, text)) client.broken = true;
    client.expected += 1;
    this.#replies.add(at - sentAt);
    if (this.plan.keepArrivals) this.#arrivals.push(at - this.#beganAt);
    if (this.#answered === 0) this.#firstReplyAt = at;
    this.#answered += 1;
    this.#lastReplyAt = at;
    if (client.sentAt.length === 0) release(client);
    if (this.#answered === this.messages) this.#complete.resolve();
  }

  /** Resolves when everything that a client sent is answered, or when nobody waits any more. */
  answerTo(client: Client): Promise<void> | null {
    if (client.sentAt.length === 0 || this.#gaveUp) return null;
    const { promise, resolve } = Promise.withResolvers<void>();
    client.waiting = resolve;
    return promise;
  }

  /** Runs `work`; when nothing is acknowledged or answered for `patienceMs`, waiting for answers is given up. */
  async patiently(work: Promise<unknown>, patienceMs: number): Promise<void> {
    let seen = -1;
    let seenAt = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      const progress = this.#acknowledged + this.#answered;
      if (progress !== seen) seenAt = now;
      seen = progress;
      if (now - seenAt > patienceMs) this.#giveUp();
    }, idleLookMs);
    await work;
    clearInterval(timer);
  }

  /** Resolves when every message is answered, or given up. */
  complete(): Promise<void> {
    return this.#complete.promise;
  }

  progress(): Progress {
    return { sent: this.#sent, acknowledged: this.#acknowledged, answered: this.#answered };
  }

  posted(): Posted {
    return {
      messages: this.#acknowledged,
      seconds: secondsBetween(this.#beganAt, this.#postedAt),
      refused: this.#refused,
      unaccepted: this.#unaccepted,
      ackMs: this.#acks.percentiles(),
      lateMs: this.#late.percentiles(),
    };
  }

  settled(): Settled {
    const missing = this.clients.reduce((sum, { sentAt }) => sum + sentAt.length, 0);
    const broken = this.clients.filter((one) => one.broken || one.sentAt.length > 0);
    return {
      messages: this.messages,
      answered: this.#answered,
      seconds: secondsBetween(this.#beganAt, this.#lastReplyAt),
      secondsToFirstReply: secondsBetween(this.#beganAt, this.#firstReplyAt),
      replyMs: this.#replies.percentiles(),
      brokenDialogs: broken.length,
      missingReplies: missing,
      extraReplies: this.#extra,
      arrivalsMs: this.#arrivals,
    };
  }

  /** Whether it was accepted in the end. */
  async #deliver(request: Uint8Array, carrier: Carrier): Promise<boolean> {
    const triesMax = this.plan.redeliver ? deliveriesMax : 1;
    for (let tries = 1; !isAccepted(await carrier.request(request)); tries += 1) {
      this.#refused += 1;
      if (tries === triesMax) return false;
      await delay(redeliveryMs);
    }
    return true;
  }

  #all(client: Client): readonly Uint8Array[] {
    const { from, to } = this.plan;
    return Array.from({ length: to - from }, (_, index) => this.#write(client.id, from + index));
  }

  #giveUp(): void {
    this.#gaveUp = true;
    this.#complete.resolve();
    for (const client of this.clients) release(client);
  }
}

function isAccepted(status: number): boolean {
  return status >= 200 && status <= 299;
}

function clientOf(id: number, from: number): Client {
  return {
    id,
    next: from,
    expected: from,
    broken: false,
    sentAt: [],
    posting: null,
    waiting: null,
  };
}

function release(client: Client): void {
  const { waiting } = client;
  client.waiting = null;
  waiting?.();
}

function secondsBetween(from: number, to: number): number {
  return Math.max(0, to - from) / 1_000;
}
