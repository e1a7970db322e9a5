import type { RejectReason, SendOutcome } from "../channel.ts";
import type { ApiAnswer, ApiRefusal } from "./api.ts";
import { fieldsOf, integer } from "./json.ts";
import { addressOf, messageName, type Place } from "./place.ts";
import { chatScope } from "./limits.ts";

/** Longest wait that a 429 may ask for, ms. */
const retryAfterMsMax = 86_400_000;

/** What an answer to a send means. Telegram's sentences decide: its status 400 stands for many things. */
export function outcomeOf(answer: ApiAnswer, place: Place): SendOutcome {
  switch (answer.type) {
    case "ok":
      return { type: "sent", messageId: sentName(answer.result, place), status: answer.status };
    case "refused":
      return refusalOf(answer, place);
    case "foreign":
      return foreign(answer.status);
    case "cut":
      return { type: "unknown", detail: "answer_cut" };
    case "failure":
      return {
        type: answer.kind === "no_answer" ? "unknown" : "not_sent",
        detail: answer.detail,
      };
  }
}

/** A success of which nobody says what it is may be anything; a gateway's error sent nothing on. */
function foreign(status: number): SendOutcome {
  if (status >= 200 && status < 300) return { type: "unknown", detail: "answer_unreadable" };
  return { type: "failed", status, detail: `http_${status}` };
}

function sentName(result: unknown, place: Place): string | null {
  const message = fieldsOf(result);
  const id = integer(message?.["message_id"]);
  const chat = integer(fieldsOf(message?.["chat"])?.["id"]) ?? place.chat;
  return id === null ? null : messageName({ chat, business: place.business }, id);
}

function refusalOf(refusal: ApiRefusal, place: Place): SendOutcome {
  const { status, retryAfterS, movedTo } = refusal;
  if (movedTo !== null)
    return { type: "moved", status, address: addressOf({ ...place, chat: movedTo }) };
  if (status === 429) return throttled(retryAfterS, place);
  if (status === 401 || status === 404)
    return { type: "unauthorized", status, detail: "token_refused" };
  if (status >= 500 || status === 409) return { type: "failed", status, detail: `http_${status}` };
  return rejected(refusal);
}

/** Telegram does not say whether it means the chat or the bot. */
function throttled(retryAfterS: number | null, { chat }: Place): SendOutcome {
  const waitMs = retryAfterS === null ? null : Math.min(retryAfterS * 1_000, retryAfterMsMax);
  const scope = { key: chatScope(chat), unsure: true };
  return { type: "throttled", status: 429, retryAfterMs: waitMs, scope };
}

type Cause = readonly [sentence: string, reason: RejectReason, detail: string];

/** What Telegram's sentences mean, the first that is found. */
const causes: readonly Cause[] = [
  ["bot was blocked by the user", "unreachable", "blocked_by_user"],
  ["user is deactivated", "unreachable", "user_deactivated"],
  ["bot was kicked", "unreachable", "bot_removed"],
  ["bot is not a member", "unreachable", "bot_removed"],
  ["can't initiate conversation", "unreachable", "never_wrote"],
  ["chat not found", "unreachable", "chat_not_found"],
  ["user not found", "unreachable", "chat_not_found"],
  ["peer_id_invalid", "unreachable", "chat_not_found"],
  ["message thread not found", "unreachable", "topic_not_found"],
  ["topic_closed", "unreachable", "topic_closed"],
  ["topic_deleted", "unreachable", "topic_not_found"],
  ["not enough rights", "unreachable", "no_rights"],
  ["have no rights", "unreachable", "no_rights"],
  ["chat_write_forbidden", "unreachable", "no_rights"],
  ["chat_restricted", "unreachable", "no_rights"],
  ["business_peer_invalid", "outside_window", "business_window_over"],
  ["too long", "too_long", "too_long"],
  ["can't parse entities", "content", "bad_markup"],
  ["is empty", "content", "empty"],
  ["http url content", "content", "file_not_fetched"],
  ["wrong file", "content", "bad_file"],
  ["wrong type of the web page content", "content", "bad_file"],
  ["file is too big", "content", "file_too_big"],
  ["button_", "content", "bad_button"],
  ["webpage_", "content", "file_not_fetched"],
];

function rejected({ status, description }: ApiRefusal): SendOutcome {
  const cause = causes.find(([sentence]) => description.includes(sentence));
  const [, reason, detail] = cause ?? [
    "",
    status === 403 ? "unreachable" : "other",
    `http_${status}`,
  ];
  return { type: "rejected", status, reason, detail };
}
