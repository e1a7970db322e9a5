import type { ClientRecord, FakeAccount } from "./account.ts";
import { errorAnswer, overLimitAnswer, successAnswer, TOKEN_MESSAGE } from "./answers.ts";
import type { JsonRecord } from "../../../fake-platform/exact-json.ts";
import { type MessageHook, messagePayload } from "./hook-payload.ts";
import type { Answer, Exchange } from "../../../fake-platform/http-front.ts";
import { pause } from "../../../fake-platform/pause.ts";
import type { PlatformLog } from "./platform-log.ts";
import type { RuleBook } from "../../../fake-platform/rule-book.ts";
import { planSend, type SendFault, type SendPlan } from "./send-fault.ts";
import { type MessageRequest, type ReadRequest, readMessageRequest } from "./sent-message.ts";
import type { WebhookSender } from "./webhook-sender.ts";

/**
 * `POST /v1/messages`, one call:
 *
 *   arrived ─ told to cut before reading ──▶ cut (the platform saw no message, the window no arrival)
 *      └─▶ in the window ─▶ read ─ over the limit ──▶ refused
 *                            ├─ not a message ──▶ refused with 400
 *                            └─ the fault told, or none ─▶ accepted or not ─▶ answered, cut or left hanging
 */

export type MessageApiOptions = {
  readonly log: PlatformLog;
  readonly webhooks: WebhookSender;
  readonly faults: RuleBook<SendFault>;
  readonly findAccount: (token: string | null) => FakeAccount | null;
  readonly now: () => number;
};

type Call = { readonly number: number; readonly account: FakeAccount; readonly exchange: Exchange };

type Sent = {
  readonly account: FakeAccount;
  readonly client: ClientRecord;
  readonly message: MessageRequest;
  readonly messageId: string;
};

/** Messages that are not for the client come back under a hook of their own. */
const HOOK_TYPES: Readonly<Record<string, MessageHook["hookType"]>> = {
  comment: "comment",
  system: "system_message",
};

/** What was decided about a call; `echo` posts the message back and ends with the hook's first round. */
type Verdict = {
  readonly plan: SendPlan;
  readonly usual: Answer;
  readonly accepted: boolean;
  readonly echo: () => Promise<unknown>;
};

/** Judges and answers every send. What it accepted is in the log before the caller can know of it. */
export class MessageApi {
  readonly #options: MessageApiOptions;
  readonly #stopping = new AbortController();
  /** Connections left hanging: cut when the faults are cleared or the platform stops. */
  readonly #hanging = new Set<() => void>();
  #calls = 0;

  constructor(options: MessageApiOptions) {
    this.#options = options;
  }

  async receive(exchange: Exchange): Promise<void> {
    const account = this.#options.findAccount(exchange.header("authorization"));
    if (account === null) return exchange.answer(errorAnswer(403, TOKEN_MESSAGE));
    this.#calls += 1;
    const call = { number: this.#calls, account, exchange };
    if (this.#cutBeforeReading(call)) return;
    const admission = account.window.arrive(this.#options.now());
    const overLimit = !admission.admitted;
    this.#logArrival(call, { overLimit, cutBeforeReading: false });
    const request = readMessageRequest(await exchange.read(), exchange.query);
    if (overLimit) {
      const refusal = overLimitAnswer(account.overLimit, admission.retryAfterMs);
      return this.#answer(call, refusal, false);
    }
    await this.#carryOut(call, this.#judge(call, request));
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

  #judge(call: Call, request: ReadRequest): Verdict {
    const clientId = request.ok ? request.message.client.value : null;
    const subject = { account: call.account.name, clientId, hookType: null };
    const fault = this.#options.faults.pick(subject, (told) => told.mode !== "cut-before-reading");
    const plan = planSend(fault);
    if (!request.ok) {
      const usual = errorAnswer(400, request.message, request.field);
      return { plan, usual, accepted: false, echo: nothing };
    }
    if (!this.#mayWriteTo(call.account, request.message)) {
      const usual = errorAnswer(400, "bad client_id", "client_id");
      return { plan, usual, accepted: false, echo: nothing };
    }
    if (!plan.accepts) return { plan, usual: successAnswer({}), accepted: false, echo: nothing };
    return { plan, accepted: true, ...this.#accept(call, request.message) };
  }

  #mayWriteTo(account: FakeAccount, message: MessageRequest): boolean {
    return account.options.knownClientsOnly !== true || account.knows(message.client.value);
  }

  #accept(call: Call, message: MessageRequest): Pick<Verdict, "usual" | "echo"> {
    const { account } = call;
    const messageId = account.takeMessageId();
    const client = account.meet(message.client.value);
    account.accepted += 1;
    this.#options.log.append(account.name, {
      kind: "send",
      call: call.number,
      ...message,
      messageId,
    });
    const sent = { account, client, message, messageId };
    const echo = () => this.#options.webhooks.deliver(account, echoPayload(sent)).firstRound;
    return { usual: sentAnswer(sent), echo: account.echo.enabled ? echo : nothing };
  }

  async #carryOut(call: Call, verdict: Verdict): Promise<void> {
    const { when } = call.account.echo;
    if (when === "before") await verdict.echo();
    const echoed = when === "during" ? verdict.echo() : null;
    await pause(verdict.plan.delayMs, this.#stopping.signal);
    await this.#end(call, verdict);
    if (when === "after") await verdict.echo();
    await echoed;
  }

  async #end(call: Call, { plan, usual, accepted }: Verdict): Promise<void> {
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

function sentAnswer({ account, client, message, messageId }: Sent): Answer {
  return successAnswer({
    message_id: BigInt(messageId),
    channel_id: account.writeId(message.channel?.value ?? String(account.channelId)),
    operator_id: message.operatorId === null ? null : account.writeId(message.operatorId),
    transport: message.transport ?? account.transport,
    type: message.type,
    client_id: account.writeId(message.client.value),
    dialog_id: client.dialogId,
    request_id: client.requestId,
  });
}

function echoPayload({ account, client, message, messageId }: Sent): JsonRecord {
  return messagePayload(account, {
    hookType: HOOK_TYPES[message.type] ?? "outbox",
    type: message.type,
    messageId,
    operatorId: account.echo.operatorId ?? message.operatorId,
    client,
    content: { text: message.text },
    transport: message.transport ?? account.transport,
  });
}

function nothing(): Promise<void> {
  return Promise.resolve();
}
