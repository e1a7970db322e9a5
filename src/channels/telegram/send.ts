import type { InlineKeyboardButton } from "@grammyjs/types";
import { readHtml, writeHtml } from "../../message/html.ts";
import type { ButtonRows } from "../../message/message.ts";
import type {
  OutgoingContent,
  OutgoingFile,
  OutgoingLocation,
  OutgoingText,
} from "../../message/outgoing.ts";
import type { Account } from "../account.ts";
import type { OutgoingMessage, SendOutcome } from "../channel.ts";
import type { Api } from "./api.ts";
import type { Json } from "./json.ts";
import { outcomeOf } from "./outcome.ts";
import { messageNumber, type Place, placeAt } from "./place.ts";

/** A method of the Bot API and what it is told beside the place. */
type Call = { readonly method: string; readonly parameters: Json };

/** One call; resolves with what is known of it. */
export async function sendMessage(
  { address, content }: OutgoingMessage,
  account: Account,
  api: Api,
): Promise<SendOutcome> {
  const place = placeAt(address);
  const call = callOf(content);
  if (place === null) return unsendable("address_unreadable");
  if (call === null) return unsendable(`cannot_send_${content.type}`);
  const parameters = { ...recipientOf(place), ...call.parameters };
  return outcomeOf(await api.call(account, call.method, parameters), place);
}

function unsendable(detail: string): SendOutcome {
  return { type: "rejected", status: 0, reason: "content", detail };
}

function recipientOf({ chat, topic, direct, business }: Place): Json {
  return {
    chat_id: chat,
    ...(topic === null ? {} : { message_thread_id: topic }),
    ...(direct === null ? {} : { direct_messages_topic_id: direct }),
    ...(business === null ? {} : { business_connection_id: business }),
  };
}

function callOf(content: OutgoingContent): Call | null {
  switch (content.type) {
    case "text":
      return textCall(content);
    case "location":
      return locationCall(content);
    case "contact":
      return {
        method: "sendContact",
        parameters: { phone_number: content.phone, first_name: content.name },
      };
    case "template":
      return null;
    default:
      return fileCall(content);
  }
}

function textCall({ text, format, buttons, replyTo }: OutgoingText): Call {
  const answered = replyTo === null ? null : messageNumber(replyTo);
  return {
    method: "sendMessage",
    parameters: {
      // Plain words go without markup, so that nothing in them can become any.
      ...(format === "html" ? { text: writeHtml(readHtml(text)), parse_mode: "HTML" } : { text }),
      ...(buttons.length === 0 ? {} : { reply_markup: { inline_keyboard: keyboardOf(buttons) } }),
      ...(answered === null
        ? {}
        : { reply_parameters: { message_id: answered, allow_sending_without_reply: true } }),
    },
  };
}

function keyboardOf(rows: ButtonRows): readonly (readonly InlineKeyboardButton[])[] {
  return rows.map((row) =>
    row.map((button) =>
      "url" in button
        ? { text: button.title, url: button.url }
        : { text: button.title, callback_data: button.data },
    ),
  );
}

function locationCall({ latitude, longitude, name, address }: OutgoingLocation): Call {
  if (name === null && address === null)
    return { method: "sendLocation", parameters: { latitude, longitude } };
  const [title, street] = [name ?? address ?? "", address ?? ""];
  return { method: "sendVenue", parameters: { latitude, longitude, title, address: street } };
}

/** Each kind of file has its method and its field; Telegram fetches the address itself. */
const fileMethods = {
  image: ["sendPhoto", "photo"],
  video: ["sendVideo", "video"],
  audio: ["sendAudio", "audio"],
  voice: ["sendVoice", "voice"],
  file: ["sendDocument", "document"],
  sticker: ["sendSticker", "sticker"],
} as const;

function fileCall({ type, url, caption }: OutgoingFile): Call {
  const [method, field] = fileMethods[type];
  const captioned = caption === "" || type === "sticker" ? {} : { caption };
  return { method, parameters: { [field]: url, ...captioned } };
}
