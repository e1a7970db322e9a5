import type { Answer, Exchange } from "../../../fake-platform/http-front.ts";
import { pause } from "../../../fake-platform/pause.ts";
import type { RuleBook } from "../../../fake-platform/rule-book.ts";
import type { FakeAccount } from "./account.ts";
import { dataAnswer, errorAnswer } from "./answers.ts";
import type { PlatformLog, SentMessage, Taken } from "./platform-log.ts";
import { planSend, type SendFault, type SendPlan } from "./send-fault.ts";
import type { ReadSend } from "./send-reading.ts";
import { readSend } from "./products.ts";

/**
 * `POST /{id}/messages`, one call:
 *
 *   arrived ─ told to cut before reading ──▶ cut (the platform saw no message, the window no arrival)
 *      └─▶ in the window ─▶ read ─ over the account's or the customer's limit ──▶ refused
 *                            ├─ not a message, or outside the reply window ──▶ refused
 *                            └─ the fault told, or none ─▶ accepted or not ─▶ answered, cut or left hanging
 */

export type MessagesApiOptions = {
  readonly log: PlatformLog;
  readonly faults: RuleBook<SendFault>;
  /** What follows a message that was taken: statuses, an echo, a late failure. */
  readonly follow: (account: FakeAccount, taken: Taken) => void;
  readonly now: () => number;
};

type Call = { readonly number: number; readonly account: FakeAccount; readonly exchange: Exchange };

type Verdict = { readonly plan: SendPlan; readonly usual: Answer; readonly taken: Taken | null };

const OVER_LIMIT = { whatsapp: 130429, messenger: 613, instagram: 613 } as const;
const PAIR_LIMIT = 131056;
const OUTSIDE_WINDOW = { code: 10, subcode: 2018278 };

/** Judges and answers every send. What it accepted is in the log before the caller can know of it. */
export class MessagesApi {
  readonly #options: MessagesApiOptions;
  readonly #stopping = new AbortController();
  /** Connections left hanging: cut when the faults are cleared or the platform stops. */
  readonly #hanging = new Set<() => void>();
  #calls = 0;

  constructor(options: MessagesApiOptions) {
    this.#options = options;
  }

  async receive(account: FakeAccount, exchange: Exchange): Promise<void> {
    this.#calls += 1;
    const call = { number: this.#calls, account, exchange };
    if (this.#cutBeforeReading(call)) return;
    const admission = account.window.arrive(this.#options.now());
    const overLimit = !admission.admitted;
    this.#logArrival(call, { overLimit, cutBeforeReading: false });
    const read = readSend(account.product, await exchange.read());
    if (overLimit) {
      const code = OVER_LIMIT[account.product];
      return await this.#answer(call, errorAnswer({ code, status: 429 }), false);
    }
    const verdict = this.#judge(call, read);
    await pause(verdict.plan.delayMs, this.#stopping.signal);
    await this.#end(call, verdict);
    if (verdict.taken !== null) this.#options.follow(account, verdict.taken);
  }

  /** Ends what was left hanging, by cutting it. */
  releaseHanging(): void {
    for (const cut of this.#hanging) cut();
    this.#hanging.clear();
  }

  stop(): void {
    this.#stopping.abort();
    this.releaseHanging();
  }

  #cutBeforeReading(call: Call): boolean {
    const subject = { account: call.account.name, clientId: null, hookType: null };
    const cut = this.#options.faults.pick(subject, (fault) => fault.mode === "cut-before-reading");
    if (cut === null) return false;
    this.#logArrival(call, { overLimit: false, cutBeforeReading: true });
    call.exchange.cut();
    return true;
  }

  #judge(call: Call, read: ReadSend): Verdict {
    const { account } = call;
    const clientId = read.ok ? read.message.client.value : null;
    const subject = { account: account.name, clientId, hookType: null };
    const fault = this.#options.faults.pick(subject, (told) => told.mode !== "cut-before-reading");
    const plan = planSend(fault);
    const refusal = this.#refusalOf(account, read, plan.accepts);
    if (refusal !== null || !read.ok || !plan.accepts)
      return { plan, usual: refusal ?? dataAnswer({}), taken: null };
    const taken = this.#take(call, read);
    return { plan, usual: answerOf(account, taken), taken };
  }

  /** Why the platform itself refuses; null when it does not. Asking counts in the customer's window. */
  #refusalOf(account: FakeAccount, read: ReadSend, counts: boolean): Answer | null {
    if (!read.ok) return errorAnswer({ code: read.code });
    const clientId = read.message.client.value;
    const now = this.#options.now();
    if (account.product !== "whatsapp")
      return account.mayAnswer(clientId, now) ? null : errorAnswer(OUTSIDE_WINDOW);
    const admitted = !counts || account.pairWindow(clientId).arrive(now).admitted;
    return admitted ? null : errorAnswer({ code: PAIR_LIMIT });
  }

  #take({ account, number }: Call, read: Extract<ReadSend, { ok: true }>): Taken {
    const messageId = account.takeMessageId();
    const { message, isTemplate } = read;
    account.accepted += 1;
    const fact = { kind: "send", call: number, type: "to_client", ...message, messageId } as const;
    this.#options.log.append(account.name, fact);
    const inTime = isTemplate || account.mayAnswer(message.client.value, this.#options.now());
    return { message, messageId, inTime };
  }

  async #end(call: Call, { plan, usual, taken }: Verdict): Promise<void> {
    const accepted = taken !== null;
    switch (plan.ending.type) {
      case "usual":
        return await this.#answer(call, usual, accepted);
      case "answer":
        return await this.#answer(call, plan.ending.answer, accepted);
      case "cut":
        this.#logEnding(call, { ending: "cut", status: null, accepted });
        return call.exchange.cut();
      case "hang":
        this.#logEnding(call, { ending: "hung", status: null, accepted });
        this.#hanging.add(call.exchange.cut);
    }
  }

  async #answer(call: Call, answer: Answer, accepted: boolean): Promise<void> {
    await call.exchange.answer(answer);
    this.#logEnding(call, { ending: "answered", status: answer.status, accepted });
  }

  #logArrival(
    call: Call,
    fact: { readonly overLimit: boolean; readonly cutBeforeReading: boolean },
  ): void {
    this.#options.log.append(call.account.name, { kind: "arrival", call: call.number, ...fact });
  }

  #logEnding(
    call: Call,
    fact: {
      readonly ending: "answered" | "cut" | "hung";
      readonly status: number | null;
      readonly accepted: boolean;
    },
  ): void {
    this.#options.log.append(call.account.name, { kind: "answer", call: call.number, ...fact });
  }
}

function answerOf({ product }: FakeAccount, { message, messageId }: Taken): Answer {
  const client = message.client.value;
  if (product !== "whatsapp") return dataAnswer({ recipient_id: client, message_id: messageId });
  return dataAnswer({
    messaging_product: "whatsapp",
    contacts: [whatsAppContact(message)],
    messages: [{ id: messageId }],
  });
}

function whatsAppContact({ client }: SentMessage) {
  return { input: client.value, wa_id: client.value.replace(/^\+/, "") };
}
