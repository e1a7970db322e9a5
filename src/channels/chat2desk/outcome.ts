import type { Clock } from "../../core/clock.ts";
import { isJsonObject, parseJson } from "../../core/json.ts";
import type { HttpAnswer, HttpFailure } from "../../platform/http/client.ts";
import type { SendOutcome } from "../channel.ts";
import { jsonId } from "./fields.ts";

/**
 * What an answer of Chat2Desk means. Its sentences decide before its status does: the platform says the same thing with
 * different statuses, and errors may come with 200.
 */
export type OutcomeReader = (answer: HttpAnswer) => SendOutcome;

/** Longest wait a Retry-After may ask for, ms. */
const retryAfterMsMax = 86_400_000;
/** How much of an answer without JSON is searched for the platform's sentences, UTF-16 units. */
const searchedLengthMax = 4_096;

const sentences = {
  throttled: "number of api requests exceeded",
  quota: "api calls exceeded api limit per month",
  needAuth: "you need to auth",
  needToken: "you have to specify your token",
} as const;

/** Requests that timed out at the server or came too early: the message itself is not at fault. */
const passingStatuses: ReadonlySet<number> = new Set([408, 425]);

/** Makes the reader; the clock is asked only for a Retry-After that is a date in an answer without one. */
export function createOutcomeReader(clock: Clock): OutcomeReader {
  return (answer) => {
    const said = read(answer);
    if (said.accepted) return accepted(answer, said);
    return spoken(answer, said.text, clock) ?? judgedByStatus(answer.status);
  };
}

/** What is known when no complete answer came. A request that may have been read may have been sent. */
export function outcomeOfFailure(failure: HttpFailure): SendOutcome {
  return { type: failure.kind === "no_answer" ? "unknown" : "not_sent", detail: failure.detail };
}

type Said = {
  readonly json: Readonly<Record<string, unknown>> | null;
  readonly accepted: boolean;
  /** Where the platform's sentences may stand, in lower case; never what we or a customer wrote. */
  readonly text: string;
};

function read({ status, body }: HttpAnswer): Said {
  const parsed = parseJson(body);
  const json = parsed.ok && isJsonObject(parsed.value) ? parsed.value : null;
  const text = (
    json === null ? body.slice(0, searchedLengthMax) : complaintsOf(json)
  ).toLowerCase();
  const success = status >= 200 && status < 300 && json?.["status"] !== "error";
  return { json, text, accepted: success && (json?.["status"] === "success" || !complains(text)) };
}

function complaintsOf(json: Readonly<Record<string, unknown>>): string {
  const places = [json["message"], json["error"], json["errors"]];
  return places
    .map((place) => (typeof place === "string" ? place : (JSON.stringify(place) ?? "")))
    .join("\n");
}

function complains(text: string): boolean {
  return Object.values(sentences).some((sentence) => text.includes(sentence));
}

function accepted({ status, endProven, body }: HttpAnswer, { json }: Said): SendOutcome {
  // JSON that was cut may have been an error's. A body that was never JSON ("OK") says no more than its status.
  if (json === null && !endProven && /^\s*([[{]|$)/.test(body))
    return { type: "unknown", detail: "answer_cut" };
  const data = json?.["data"];
  const messageId = isJsonObject(data) ? jsonId(data["message_id"]) : null;
  return { type: "sent", messageId: messageId?.value ?? null, status };
}

function spoken(answer: HttpAnswer, text: string, clock: Clock): SendOutcome | null {
  const { status } = answer;
  if (text.includes(sentences.quota)) return { type: "quota", status, detail: "monthly_limit" };
  if (status === 429 || text.includes(sentences.throttled)) {
    const waitMs = retryAfterMs(answer.headers, clock);
    return { type: "throttled", status, retryAfterMs: waitMs, scope: null };
  }
  const unknownToken = text.includes(sentences.needAuth) || text.includes(sentences.needToken);
  if (status === 401 || unknownToken || (status === 403 && text.includes("token"))) {
    return { type: "unauthorized", status, detail: "token_refused" };
  }
  return null;
}

function judgedByStatus(status: number): SendOutcome {
  const detail = `http_${status}`;
  if (status >= 200 && status < 300) return rejected(status, "status_error");
  // A redirect says that the installation's address is wrong, not the message: it may go once somebody corrects it.
  if (status < 400 || status >= 500 || passingStatuses.has(status))
    return { type: "failed", status, detail };
  return rejected(status, detail);
}

/** Its sentences do not tell why it refuses a message. */
function rejected(status: number, detail: string): SendOutcome {
  return { type: "rejected", status, reason: "other", detail };
}

/** Retry-After in ms: seconds, or an HTTP date against the server's own clock. Null when absent or not understood. */
function retryAfterMs(headers: HttpAnswer["headers"], clock: Clock): number | null {
  const value = headers["retry-after"]?.trim() ?? "";
  const waitMs = /^\d+(?:\.\d+)?$/.test(value)
    ? Number(value) * 1_000
    : httpDate(value) - sentAt(headers, clock);
  return Number.isNaN(waitMs) ? null : Math.min(Math.max(Math.ceil(waitMs), 0), retryAfterMsMax);
}

function sentAt(headers: HttpAnswer["headers"], clock: Clock): number {
  const date = httpDate(headers["date"] ?? "");
  return Number.isNaN(date) ? clock.now() : date;
}

/** Ms since the epoch, NaN for anything but an HTTP date: other dates would be read in this machine's time zone. */
function httpDate(value: string): number {
  return /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun).*GMT$/.test(value) ? Date.parse(value) : Number.NaN;
}
