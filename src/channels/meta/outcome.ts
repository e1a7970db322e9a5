import type { HttpAnswer, HttpResult } from "../../platform/http/client.ts";
import type { SendOutcome } from "../channel.ts";
import { type Codes, type Meaning, meaningOf } from "./codes.ts";
import { type Fields, fieldsOf, idOf, listOf, numberOf } from "./fields.ts";
import { errorName, type GraphError, sayingOf } from "./graph.ts";

/** Longest wait that an answer may ask for, ms. */
const retryAfterMsMax = 86_400_000;
const minuteMs = 60_000;

/** Requests that timed out at the server or came too early: the message itself is not at fault. */
const passingStatuses: ReadonlySet<number> = new Set([408, 425]);

export type OutcomeRules = {
  readonly codes: Codes;
  /** Where the message's id stands in an answer of success. */
  readonly messageIdOf: (json: Fields) => string | null;
  /** The narrower limit that a code may name: of this customer. */
  readonly pair: { readonly key: string; readonly retryAfterMs: number } | null;
};

/** What is known after a call. A request that may have been read may have been sent. */
export function outcomeOf(result: HttpResult, rules: OutcomeRules): SendOutcome {
  if (result.type === "failure")
    return { type: result.kind === "no_answer" ? "unknown" : "not_sent", detail: result.detail };
  const { json, error } = sayingOf(result);
  if (error !== null) return refused(result, error, rules);
  if (result.status < 200 || result.status >= 300) return judgedByStatus(result);
  // JSON that was cut may have been an error's.
  if (json === null) return { type: "unknown", detail: "answer_unreadable" };
  return { type: "sent", messageId: rules.messageIdOf(json), status: result.status };
}

function refused(answer: HttpAnswer, error: GraphError, rules: OutcomeRules): SendOutcome {
  const { status } = answer;
  const detail = errorName(error);
  const meaning = meaningOf(rules.codes, error) ?? meaningByStatus(status);
  switch (meaning) {
    case "throttled":
      return { type: "throttled", status, retryAfterMs: waitOf(answer), scope: null };
    case "pair":
      return ofPair(answer, rules);
    case "failed":
    case "unauthorized":
    case "quota":
      return { type: meaning, status, detail };
    default:
      return { type: "rejected", status, reason: meaning, detail };
  }
}

function ofPair(answer: HttpAnswer, { pair }: OutcomeRules): SendOutcome {
  const { status } = answer;
  const retryAfterMs = waitOf(answer) ?? pair?.retryAfterMs ?? null;
  const scope = pair === null ? null : { key: pair.key, unsure: false };
  return { type: "throttled", status, retryAfterMs, scope };
}

/** A code that nobody knows: the status tells whether it is for now or for ever. */
function meaningByStatus(status: number): Meaning {
  if (status === 429) return "throttled";
  if (status === 401) return "unauthorized";
  return status >= 500 || passingStatuses.has(status) ? "failed" : "other";
}

/** An answer that is not the Graph's: a proxy's, or of an installation's wrong address. */
function judgedByStatus(answer: HttpAnswer): SendOutcome {
  const { status } = answer;
  const detail = `http_${status}`;
  if (status === 429)
    return { type: "throttled", status, retryAfterMs: waitOf(answer), scope: null };
  if (status === 401) return { type: "unauthorized", status, detail };
  // A redirect says that the installation's address is wrong, not the message: it may go once somebody corrects it.
  if (status < 400 || status >= 500 || passingStatuses.has(status))
    return { type: "failed", status, detail };
  return { type: "rejected", status, reason: "other", detail };
}

/** How long to wait, ms: `Retry-After` in seconds, or the minutes of `X-Business-Use-Case-Usage`; null when nothing is said. */
export function waitOf({ headers }: Pick<HttpAnswer, "headers">): number | null {
  const seconds = headers["retry-after"]?.trim() ?? "";
  const waitMs = /^\d+(?:\.\d+)?$/.test(seconds) ? Number(seconds) * 1_000 : usageWaitMs(headers);
  return waitMs === null ? null : Math.min(Math.ceil(waitMs), retryAfterMsMax);
}

/** `{"<business id>":[{"type":"messenger","estimated_time_to_regain_access":7,…}]}`, minutes. */
function usageWaitMs(headers: HttpAnswer["headers"]): number | null {
  const { json } = sayingOf({ body: headers["x-business-use-case-usage"] ?? "" });
  const minutes = Object.values(json ?? {})
    .flatMap(listOf)
    .map((usage) => numberOf(fieldsOf(usage)["estimated_time_to_regain_access"]) ?? 0);
  const longest = Math.max(0, ...minutes);
  return longest === 0 ? null : longest * minuteMs;
}

/** The id in `{"message_id":…}` or `{"messages":[{"id":…}]}`. */
export function messageIdOf(json: Fields): string | null {
  return idOf(json["message_id"]) ?? idOf(fieldsOf(listOf(json["messages"])[0])["id"]);
}
