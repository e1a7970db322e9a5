import { decodeJson, isRecord, type JsonRecord } from "../../../fake-platform/exact-json.ts";
import type { Answer, Exchange } from "../../../fake-platform/http-front.ts";
import { pause } from "../../../fake-platform/pause.ts";
import type { RuleBook } from "../../../fake-platform/rule-book.ts";
import {
  errorAnswer,
  notFoundAnswer,
  okAnswer,
  throttleAnswer,
  unauthorizedAnswer,
} from "./answers.ts";
import type { FakeBot, FakeChat } from "./bot.ts";
import { settingsMethods } from "./bot-settings.ts";
import type { TelegramLog } from "./log.ts";
import { planSend, type SendFault, type SendPlan } from "./send-fault.ts";
import { readSend, sendMethods, type SentMessage } from "./sent-message.ts";
import { chatPayload, nowS } from "./updates.ts";

/**
 * `/bot<token>/<method>`, one call:
 *
 *   arrived ─ told to cut before reading ──▶ cut
 *      └─▶ in all its windows ─ one of them full ──▶ 429 with the seconds until it is not
 *            └─▶ read ─ not a message, no such chat, blocked, moved ──▶ refused
 *                  └─▶ the fault told, or none ─▶ shown or not ─▶ answered, cut or left hanging
 */
export type BotApiOptions = {
  readonly log: TelegramLog;
  readonly faults: RuleBook<SendFault>;
  readonly findBot: (token: string) => FakeBot | null;
  readonly now: () => number;
};

type Call = {
  readonly number: number;
  readonly bot: FakeBot;
  readonly method: string;
  readonly exchange: Exchange | null;
};

const callPath = /^\/bot([^/]+)\/(\w+)$/;
const filePath = /^\/file\/bot([^/]+)\/(.+)$/;

/** Judges and answers every call. What it took is in the log before the caller can know of it. */
export class BotApi {
  readonly #options: BotApiOptions;
  readonly #stopping = new AbortController();
  /** Connections left hanging: cut when the faults are cleared or the platform stops. */
  readonly #hanging = new Set<() => void>();
  #calls = 0;

  constructor(options: BotApiOptions) {
    this.#options = options;
  }

  async receive(exchange: Exchange): Promise<void> {
    const [, fileToken = "", path = ""] = filePath.exec(exchange.path) ?? [];
    if (path !== "") return this.#file(exchange, { token: fileToken, path });
    const [, token = "", method = ""] = callPath.exec(exchange.path) ?? [];
    if (method === "") return exchange.answer(notFoundAnswer);
    const bot = this.#options.findBot(decodeURIComponent(token));
    if (bot === null)
      return exchange.answer(/^\d+:/.test(token) ? unauthorizedAnswer : notFoundAnswer);
    this.#calls += 1;
    const call = { number: this.#calls, bot, method, exchange };
    if (this.#cutBeforeReading(call)) return;
    const parameters = await parametersOf(exchange);
    if (Object.hasOwn(sendMethods, method)) return this.#send(call, parameters);
    await exchange.answer(await this.#other(call, parameters));
  }

  /** Carries out a method that stood in a webhook's answer; nobody learns how it ended. */
  async carryOut(bot: FakeBot, text: string): Promise<void> {
    const answer = recordIn(text);
    const method = answer?.["method"];
    if (answer === null || typeof method !== "string") return;
    this.#calls += 1;
    const call = { number: this.#calls, bot, method, exchange: null };
    if (Object.hasOwn(sendMethods, method)) await this.#send(call, answer);
    else await this.#other(call, answer);
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

  #cutBeforeReading({ bot, method, exchange, number }: Call): boolean {
    const subject = { account: bot.name, clientId: null, hookType: method };
    const cut = this.#options.faults.pick(subject, (fault) => fault.mode === "cut-before-reading");
    if (cut === null) return false;
    this.#options.log.append(bot.name, {
      kind: "answer",
      call: number,
      method,
      ending: "cut",
      status: null,
      accepted: false,
    });
    exchange?.cut();
    return true;
  }

  async #send(call: Call, parameters: JsonRecord): Promise<void> {
    const { bot, method } = call;
    const read = readSend(method, parameters);
    const chatId = read.ok ? read.message.chatId : null;
    const limited = this.#admit(call, chatId);
    if (limited !== null) return this.#end(call, { accepts: false, delayMs: 0, ending: limited });
    if (!read.ok) return this.#end(call, refusing(400, `Bad Request: ${read.description}`));
    const refusal = refusalOf(bot, read.message);
    if (refusal !== null) return this.#end(call, refusal);
    const subject = { account: bot.name, clientId: String(chatId), hookType: method };
    const plan = planSend(
      this.#options.faults.pick(subject, (told) => told.mode !== "cut-before-reading"),
    );
    const usual = plan.accepts ? this.#accept(call, read.message) : okAnswer(true);
    await this.#end(call, plan, usual);
  }

  /** Null when every window has a place; else the answer of the one that is full for longest. */
  #admit({ bot, method, number }: Call, chatId: number | null): Answer | null {
    const now = this.#options.now();
    const windows = chatId === null ? [] : bot.windowsOf(chatId);
    const full = windows
      .map(({ scope, window }) => ({ scope, waitMs: window.freeInMs(now) }))
      .filter(({ waitMs }) => waitMs > 0)
      .toSorted((a, b) => b.waitMs - a.waitMs)[0];
    for (const { window } of windows)
      if (full === undefined) window.arrive(now);
      else window.refuse(now);
    const limited = full?.scope ?? null;
    this.#options.log.append(bot.name, { kind: "arrival", call: number, method, chatId, limited });
    return full === undefined ? null : throttleAnswer(Math.max(1, Math.ceil(full.waitMs / 1_000)));
  }

  #accept({ bot, method, number }: Call, message: SentMessage): Answer {
    const chat = bot.meet(message.chatId);
    const messageId = bot.takeMessageId(chat);
    bot.accepted += 1;
    this.#options.log.append(bot.name, {
      kind: "send",
      call: number,
      method,
      messageId,
      ...message,
    });
    return okAnswer({
      message_id: messageId,
      from: bot.asUser(),
      chat: chatPayload(chat),
      date: nowS(),
      text: message.text,
    });
  }

  async #end(call: Call, plan: SendPlan, usual: Answer = okAnswer(true)): Promise<void> {
    await pause(plan.delayMs, this.#stopping.signal);
    const { bot, method, number, exchange } = call;
    const note = (ending: "answered" | "cut" | "hung", status: number | null) =>
      this.#options.log.append(bot.name, {
        kind: "answer",
        call: number,
        method,
        ending,
        status,
        accepted: plan.accepts,
      });
    if (plan.ending === "cut") {
      note("cut", null);
      return exchange?.cut();
    }
    if (plan.ending === "hang") {
      note("hung", null);
      if (exchange !== null) this.#hanging.add(exchange.cut);
      return;
    }
    const answer = plan.ending === "usual" ? usual : plan.ending;
    await exchange?.answer(answer);
    note("answered", answer.status);
  }

  async #other({ bot, method }: Call, parameters: JsonRecord): Promise<Answer> {
    const fault = this.#options.faults.pick(
      { account: bot.name, clientId: null, hookType: method },
      (told) => told.mode === "error" || told.mode === "throttle",
    );
    const { ending } = planSend(fault);
    if (fault !== null && typeof ending === "object") return ending;
    const carryOut = settingsMethods[method];
    if (carryOut === undefined) return errorAnswer(404, "Not Found: method not found");
    const note = (id: string) =>
      void this.#options.log.append(bot.name, { kind: "press_answered", id });
    return carryOut(bot, parameters, { onPressAnswered: note, stopping: this.#stopping.signal });
  }

  async #file(
    exchange: Exchange,
    { token, path }: { readonly token: string; readonly path: string },
  ): Promise<void> {
    const bot = this.#options.findBot(decodeURIComponent(token));
    const file = [...(bot?.files.values() ?? [])].find((one) => one.path === path);
    if (file === undefined) return exchange.answer(notFoundAnswer);
    const headers = { "content-type": "application/octet-stream" };
    await exchange.answer({ status: 200, body: file.bytes, headers });
  }
}

/** Why a chat cannot be written to. */
function refusalOf(bot: FakeBot, { chatId, replyTo }: SentMessage): SendPlan | null {
  const chat: FakeChat | null = bot.find(chatId);
  if (chat === null)
    return bot.options.knownChatsOnly === true
      ? refusing(400, "Bad Request: chat not found")
      : null;
  if (chat.movedTo !== null)
    return refusing(400, "Bad Request: group chat was upgraded to a supergroup chat", {
      migrate_to_chat_id: chat.movedTo,
    });
  if (chat.blocked)
    return refusing(
      403,
      chat.kind === "private"
        ? "Forbidden: bot was blocked by the user"
        : "Forbidden: bot was kicked from the group chat",
    );
  return replyTo !== null && replyTo > chat.lastMessageId
    ? refusing(400, "Bad Request: message to be replied not found")
    : null;
}

function refusing(code: number, description: string, parameters?: object): SendPlan {
  return { accepts: false, delayMs: 0, ending: errorAnswer(code, description, parameters) };
}

/** Parameters come in the query, a form, or JSON. */
async function parametersOf(exchange: Exchange): Promise<JsonRecord> {
  const query = Object.fromEntries(exchange.query);
  const body = await exchange.read();
  const type = exchange.header("content-type") ?? "";
  if (type.startsWith("application/x-www-form-urlencoded"))
    return { ...query, ...Object.fromEntries(new URLSearchParams(body)) };
  return { ...query, ...recordIn(body) };
}

function recordIn(text: string): JsonRecord | null {
  try {
    const parsed = decodeJson(text);
    return isRecord(parsed) ? parsed : null;
  } catch {
    return null;
  }
}
