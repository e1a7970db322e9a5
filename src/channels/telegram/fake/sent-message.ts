import { isRecord, type JsonRecord } from "../../../fake-platform/exact-json.ts";
import { parseHtml } from "./entities.ts";
import type { SendEntry } from "./log.ts";

/** What a caller asks to be shown in a chat, or why it cannot be. */
export type ReadSend =
  | { readonly ok: true; readonly message: SentMessage }
  | { readonly ok: false; readonly description: string };

export type SentMessage = Pick<
  SendEntry,
  "chatId" | "topicId" | "businessId" | "text" | "what" | "buttons" | "replyTo"
>;

const textLengthMax = 4_096;
const captionLengthMax = 1_024;
const callbackDataBytesMax = 64;

/** Methods that send, and the field of what they send beside words. */
export const sendMethods: Readonly<Record<string, string | null>> = {
  sendMessage: null,
  sendPhoto: "photo",
  sendVideo: "video",
  sendAnimation: "animation",
  sendAudio: "audio",
  sendVoice: "voice",
  sendDocument: "document",
  sendSticker: "sticker",
  sendLocation: "latitude",
  sendVenue: "latitude",
  sendContact: "phone_number",
};

/** Reads a call of one of the methods that send, as strictly as the platform does. */
export function readSend(method: string, parameters: JsonRecord): ReadSend {
  const chatId = Number(parameters["chat_id"]);
  const field = sendMethods[method] ?? null;
  const what = field === null ? null : whatOf(field, parameters);
  const written = String(parameters[field === null ? "text" : "caption"] ?? "");
  const shown = shownOf(written, parameters);
  const buttons = buttonsOf(parameters["reply_markup"]);
  if (!Number.isSafeInteger(chatId)) return refusal("chat_id is empty");
  if (field !== null && what === null) return refusal(`there is no ${field} in the request`);
  if (!shown.ok) return refusal(shown.description);
  const fault = faultOfText(shown.text, field);
  if (fault !== null) return refusal(fault);
  if (buttons === null) return refusal("BUTTON_DATA_INVALID");
  const message = { ...placeOf(parameters), chatId, what, text: shown.text, buttons };
  return { ok: true, message };
}

function faultOfText(text: string, field: string | null): string | null {
  if (field !== null) return text.length > captionLengthMax ? "message caption is too long" : null;
  if (text.length > textLengthMax) return "message is too long";
  return text.trim() === "" ? "message text is empty" : null;
}

function refusal(description: string): ReadSend {
  return { ok: false, description };
}

function whatOf(field: string, parameters: JsonRecord): string | null {
  const value = parameters[field];
  if (field === "latitude") {
    const longitude = parameters["longitude"];
    return value === undefined || longitude === undefined ? null : `${value},${longitude}`;
  }
  return typeof value === "string" && value !== "" ? value : null;
}

function shownOf(text: string, parameters: JsonRecord) {
  return parameters["parse_mode"] === "HTML" ? parseHtml(text) : ({ ok: true, text } as const);
}

function placeOf(parameters: JsonRecord) {
  const reply = asRecord(parameters["reply_parameters"]);
  return {
    topicId: wholeOrNull(parameters["message_thread_id"]),
    businessId: textOrNull(parameters["business_connection_id"]),
    replyTo: wholeOrNull(reply?.["message_id"] ?? parameters["reply_to_message_id"]),
  };
}

/** What stands on the buttons; null when one carries more than it may. */
function buttonsOf(value: unknown): readonly string[] | null {
  const keyboard = asRecord(value)?.["inline_keyboard"];
  if (!Array.isArray(keyboard)) return [];
  const buttons: readonly unknown[] = keyboard.flat();
  const titles: string[] = [];
  for (const button of buttons) {
    const fields = asRecord(button);
    const data = fields?.["callback_data"];
    const bytes = typeof data === "string" ? Buffer.byteLength(data) : 1;
    if (fields === null || bytes < 1 || bytes > callbackDataBytesMax) return null;
    titles.push(String(fields["text"] ?? ""));
  }
  return titles;
}

/** A parameter may be an object or, in a form, its JSON. */
function asRecord(value: unknown): JsonRecord | null {
  if (typeof value !== "string") return isRecord(value) ? value : null;
  try {
    const parsed: unknown = JSON.parse(value);
    return isRecord(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

function wholeOrNull(value: unknown): number | null {
  const number = value === undefined || value === null ? Number.NaN : Number(value);
  return Number.isSafeInteger(number) ? number : null;
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
