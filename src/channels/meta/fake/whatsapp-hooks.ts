import type { JsonRecord } from "../../../fake-platform/exact-json.ts";
import type { FakeAccount } from "./account.ts";
import type { MediaShelf } from "./media-shelf.ts";
import type { Fate, Piece, Speech, Utterance } from "./speech.ts";

/** What WhatsApp posts, with every field that it documents for the case. */

const NUMBER = "15550783881";
const UNKNOWN_TYPE = 131051;

/** A client's id that is no number is a business-scoped user id: such people have no `from` and no `wa_id`. */
const isNumber = (clientId: string) => /^\d+$/.test(clientId);

/** What somebody says, as a change with one message. */
export function whatsAppSpeech(account: FakeAccount, said: Utterance, shelf: MediaShelf): Piece {
  const { by, clientId, speech, messageId } = said;
  const echo = by === "business";
  const message = {
    ...(echo ? { from: NUMBER, ...person("to", clientId) } : person("from", clientId)),
    id: messageId,
    timestamp: String(Math.floor(Date.now() / 1_000)),
    ...(speech.group === undefined ? {} : { group_id: speech.group }),
    ...bodyOf(speech, shelf),
    ...contextOf(speech),
    ...speech.fields,
  };
  const value = {
    ...headOf(account),
    contacts: [contactOf(clientId)],
    [echo ? "message_echoes" : "messages"]: [message],
  };
  const field = echo ? "smb_message_echoes" : "messages";
  return piece({ field, value }, { hookType: field, clientId, messageId });
}

/** What became of a message, as a change with one status. */
export function whatsAppFate(account: FakeAccount, fate: Fate): Piece {
  const { messageId, clientId, status, code, externalId } = fate;
  const item = {
    id: messageId,
    status,
    timestamp: String(Math.floor(Date.now() / 1_000)),
    ...(isNumber(clientId) ? { recipient_id: clientId } : { recipient_user_id: clientId }),
    ...(externalId === null ? {} : { biz_opaque_callback_data: externalId }),
    ...(code === null ? {} : { errors: [errorOf(code)] }),
  };
  const value = { ...headOf(account), statuses: [item] };
  return piece({ field: "messages", value }, { hookType: "statuses", clientId, messageId });
}

function piece(item: JsonRecord, about: Piece["about"]): Piece {
  return { list: "changes", item, about };
}

function headOf(account: FakeAccount): JsonRecord {
  return {
    messaging_product: "whatsapp",
    metadata: { display_phone_number: NUMBER, phone_number_id: account.options.id },
  };
}

function person(field: "from" | "to", clientId: string): JsonRecord {
  return isNumber(clientId)
    ? { [field]: clientId, [`${field}_user_id`]: `US.${clientId}` }
    : { [`${field}_user_id`]: clientId };
}

function contactOf(clientId: string): JsonRecord {
  const profile = { name: `Client ${clientId}`, username: `client.${clientId}`.toLowerCase() };
  return isNumber(clientId)
    ? { profile, wa_id: clientId, user_id: `US.${clientId}` }
    : { profile, user_id: clientId };
}

function contextOf({ replyTo, press }: Speech): JsonRecord {
  const id = replyTo ?? press?.of ?? null;
  return id === null ? {} : { context: { from: NUMBER, id } };
}

function bodyOf(speech: Speech, shelf: MediaShelf): JsonRecord {
  const { location, contact, press, reaction, edit, revoke, text = "" } = speech;
  if (speech.unsupported === true) return { type: "unsupported", errors: [errorOf(UNKNOWN_TYPE)] };
  if (reaction !== undefined)
    return { type: "reaction", reaction: { message_id: reaction.of, emoji: reaction.emoji } };
  if (edit !== undefined) {
    const message = { type: "text", text: { body: edit.text } };
    return { type: "edit", edit: { original_message_id: edit.of, message } };
  }
  if (revoke !== undefined) return { type: "revoke", revoke: { original_message_id: revoke } };
  if (press !== undefined) {
    const reply = { id: press.data, title: press.title };
    return { type: "interactive", interactive: { type: "button_reply", button_reply: reply } };
  }
  if (location !== undefined) return { type: "location", location };
  if (contact !== undefined) {
    const card = { name: { formatted_name: contact.name }, phones: [{ phone: contact.phone }] };
    return { type: "contacts", contacts: [card] };
  }
  return fileOf(speech, shelf) ?? { type: "text", text: { body: text } };
}

function fileOf(speech: Speech, shelf: MediaShelf): JsonRecord | null {
  const { text } = speech;
  const caption = text === undefined ? {} : { caption: text };
  const { photo, video, audio, voice, file, sticker } = speech;
  const store = (url: string, mime_type: string) => ({
    id: shelf.store(url, mime_type),
    mime_type,
    sha256: "b8fQzk1XWlTmPqE=",
  });
  if (photo !== undefined) return media("image", { ...store(photo, "image/jpeg"), ...caption });
  if (video !== undefined) return media("video", { ...store(video, "video/mp4"), ...caption });
  if (audio !== undefined) return media("audio", { ...store(audio, "audio/mpeg"), voice: false });
  if (voice !== undefined)
    return media("audio", { ...store(voice, "audio/ogg; codecs=opus"), voice: true });
  if (file !== undefined) {
    const stored = store(file, "application/pdf");
    return media("document", { filename: "paper.pdf", ...stored, ...caption });
  }
  return sticker === undefined
    ? null
    : media("sticker", { ...store(sticker, "image/webp"), animated: false });
}

function media(type: string, value: JsonRecord): JsonRecord {
  return { type, [type]: value };
}

function errorOf(code: number): JsonRecord {
  const title = `Error ${code}`;
  return { code, title, message: title, error_data: { details: "as it was told" } };
}
