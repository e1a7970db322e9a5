import type {
  Content,
  FileKind,
  FilePart,
  MessageContext,
  Part,
} from "../../../message/message.ts";
import {
  type Fields,
  fieldsOf,
  idOf,
  labelOf,
  listOf,
  numberOf,
  textOf,
  urlOf,
} from "../fields.ts";

/** What a `message` says. What the common format has no word for, or what says nothing readable, is kept as unsupported. */
export function contentOf(message: Fields): Content {
  const text = textOf(message["text"]);
  const parts = [
    ...listOf(message["attachments"]).flatMap(attachmentOf),
    ...pressOf(fieldsOf(message["quick_reply"])),
    ...surroundings(message),
  ];
  const empty = text === "" && parts.length === 0;
  return { text, parts: empty ? [unsupported("empty")] : parts };
}

/** What a `postback` says: a button was pressed that a template, a menu or an ice breaker offered. */
export function postbackOf(postback: Fields): Content {
  const title = textOf(postback["title"]);
  const data = textOf(postback["payload"]) || title;
  const press: readonly Part[] = data === "" ? [] : [{ type: "press", data, of: null }];
  const parts = [...press, ...referralOf(postback)];
  return { text: title, parts: parts.length === 0 ? [unsupported("postback")] : parts };
}

/** What the message answers; null when it answers none. */
export function contextOf(message: Fields): MessageContext | null {
  const reply = fieldsOf(message["reply_to"]);
  const replyTo = idOf(reply["mid"]) ?? idOf(fieldsOf(reply["story"])["id"]);
  return replyTo === null ? null : { replyTo, album: null, sender: null, forwardedFrom: null };
}

/** The kinds that are files by name; other kinds with an address of their own are kept as files named by their kind. */
const kinds: ReadonlyMap<unknown, FileKind> = new Map<unknown, FileKind>([
  ["image", "image"],
  ["video", "video"],
  ["audio", "audio"],
  ["file", "file"],
]);
/** Their address is a page for people, not a file. */
const pages: ReadonlySet<string> = new Set(["fallback", "template"]);

function attachmentOf(value: unknown): readonly Part[] {
  const attachment = fieldsOf(value);
  const payload = fieldsOf(attachment["payload"]);
  const type = labelOf(attachment["type"]) ?? "attachment";
  if (type === "location") return [placeOf(payload, attachment)];
  const url = urlOf(payload["url"]);
  if (url === null || pages.has(type)) return [unsupported(type)];
  return [fileOf({ type, url, isSticker: payload["sticker_id"] !== undefined })];
}

function fileOf(given: {
  readonly type: string;
  readonly url: string;
  readonly isSticker: boolean;
}): FilePart {
  const known = kinds.get(given.type);
  return {
    type: given.isSticker ? "sticker" : (known ?? "file"),
    file: given.url,
    name: known === undefined ? given.type : null,
    mimeType: null,
    bytes: null,
  };
}

function placeOf(payload: Fields, attachment: Fields): Part {
  const coordinates = fieldsOf(payload["coordinates"]);
  const latitude = numberOf(coordinates["lat"]);
  const longitude = numberOf(coordinates["long"]);
  const point = latitude === null || longitude === null ? null : { latitude, longitude };
  return { type: "location", point, label: labelOf(attachment["title"]) };
}

function pressOf(quickReply: Fields): readonly Part[] {
  const data = textOf(quickReply["payload"]);
  return data === "" ? [] : [{ type: "press", data, of: null }];
}

/** What stands around a message without being said. */
function surroundings(message: Fields): readonly Part[] {
  const story = fieldsOf(message["reply_to"])["story"];
  return [
    ...(message["is_unsupported"] === true ? [unsupported("is_unsupported")] : []),
    ...(story === undefined ? [] : [unsupported("story")]),
    ...referralOf(message),
  ];
}

function referralOf(value: Fields): readonly Part[] {
  return value["referral"] === undefined ? [] : [unsupported("referral")];
}

function unsupported(what: string): Part {
  return { type: "unsupported", what };
}
