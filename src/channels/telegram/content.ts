import type { Message } from "@grammyjs/types";
import type {
  Content,
  FileKind,
  FilePart,
  LocationPart,
  Part,
  UnsupportedPart,
} from "../../message/message.ts";
import { fieldsOf, finite, integer, type Json, label, listOf, reference, words } from "./json.ts";

type MessageField = keyof Message;

/** Files, by the field that carries them. An animation is a document as well, and a venue a location: the first name wins. */
const files: readonly (readonly [MessageField, FileKind])[] = [
  ["animation", "video"],
  ["video", "video"],
  ["video_note", "video"],
  ["audio", "audio"],
  ["voice", "voice"],
  ["sticker", "sticker"],
  ["document", "file"],
];

/** What people send and the common format has no word for. */
const otherContent = [
  "rich_message",
  "live_photo",
  "paid_media",
  "story",
  "dice",
  "game",
  "poll",
  "checklist",
  "invoice",
  "giveaway",
  "giveaway_winners",
  "gift",
  "unique_gift",
  "web_app_data",
  "passport_data",
  "users_shared",
  "chat_shared",
] as const satisfies readonly MessageField[];

/** What a message says. Nothing that is not known is left out: it is `unsupported` by the platform's own word. */
export function contentOf(message: Json): Content {
  const parts = [...filesOf(message), ...placesOf(message), ...contactsOf(message)];
  const text = words(message["text"]) || words(message["caption"]);
  const others = otherContent.filter((name) => fieldsOf(message[name]) !== null);
  const unsupported = others.map((what): UnsupportedPart => ({ type: "unsupported", what }));
  const all = [...parts, ...unsupported];
  const empty = all.length === 0 && text === "";
  return { text: text || textOfOther(message), parts: empty ? [unknownPart(message)] : all };
}

function filesOf(message: Json): readonly FilePart[] {
  const photo = largest(listOf(message["photo"]));
  if (photo !== null) return filePart("image", { mime_type: "image/jpeg", ...photo });
  for (const [field, kind] of files) {
    const file = fieldsOf(message[field]);
    if (file !== null) return filePart(kind, file);
  }
  return [];
}

function filePart(type: FileKind, file: Json): readonly FilePart[] {
  const id = reference(file["file_id"]);
  if (id === null) return [];
  const name = label(file["file_name"]);
  const [mimeType, bytes] = [label(file["mime_type"]), integer(file["file_size"])];
  return [{ type, file: id, name, mimeType, bytes }];
}

/** Telegram sends a photo in several sizes. */
function largest(sizes: readonly Json[]): Json | null {
  const area = (size: Json) => (finite(size["width"]) ?? 0) * (finite(size["height"]) ?? 0);
  return sizes.reduce<Json | null>(
    (best, size) => (best === null || area(size) >= area(best) ? size : best),
    null,
  );
}

function placesOf(message: Json): readonly LocationPart[] {
  const venue = fieldsOf(message["venue"]);
  const place = fieldsOf(venue?.["location"] ?? message["location"]);
  const [latitude, longitude] = [finite(place?.["latitude"]), finite(place?.["longitude"])];
  if (latitude === null || longitude === null) return [];
  const names = [label(venue?.["title"]), label(venue?.["address"])];
  const named = names.filter((name) => name !== null).join(", ");
  return [{ type: "location", point: { latitude, longitude }, label: named === "" ? null : named }];
}

function contactsOf(message: Json): readonly Part[] {
  const contact = fieldsOf(message["contact"]);
  if (contact === null) return [];
  const phone = label(contact["phone_number"]);
  return [{ type: "contact", name: fullName(contact), phones: phone === null ? [] : [phone] }];
}

/** A person's name as they are shown. */
export function fullName(person: Json): string | null {
  const names = [label(person["first_name"]), label(person["last_name"])];
  const full = names.filter((name) => name !== null).join(" ");
  return full === "" ? null : full;
}

/** The words of what is not supported, so that people see what it was about. */
function textOfOther(message: Json): string {
  const poll = fieldsOf(message["poll"]);
  const dice = fieldsOf(message["dice"]);
  if (poll !== null) return words(poll["question"]);
  return dice === null ? "" : words(dice["emoji"]);
}

/** Fields that every message may have and that say nothing of what it is. */
const frame: ReadonlySet<string> = new Set<MessageField>([
  "message_id",
  "message_thread_id",
  "from",
  "sender_chat",
  "chat",
  "date",
  "edit_date",
  "text",
  "caption",
  "is_topic_message",
  "reply_markup",
  "entities",
]);
const fieldName = /^[a-z_]{1,64}$/;

/** A kind of message that this program is too old to know: its own field names it. */
function unknownPart(message: Json): UnsupportedPart {
  const known = Object.keys(message).find((name) => !frame.has(name) && fieldName.test(name));
  return { type: "unsupported", what: known ?? "nothing" };
}
