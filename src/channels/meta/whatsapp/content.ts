import type { Content, FileKind, MessageContext, Part } from "../../../message/message.ts";
import { type Fields, fieldsOf, idOf, labelOf, listOf, numberOf, textOf } from "../fields.ts";
import type { Party } from "./address.ts";

/** What a message says. A kind that the common format has no word for, or that says nothing readable, is kept as unsupported. */
export function contentOf(message: Fields): Content {
  const type = labelOf(message["type"]) ?? "unknown";
  const said = readers.get(type)?.(message) ?? nothing;
  const empty = said.text === "" && said.parts.length === 0;
  const kept = empty ? [unsupported(wordOf(type, message))] : said.parts;
  return { text: said.text, parts: [...kept, ...surroundings(message)] };
}

type Reader = (message: Fields) => Content;

const nothing: Content = { text: "", parts: [] };

const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["text", (message) => ({ text: textOf(fieldsOf(message["text"])["body"]), parts: [] })],
  ["image", fileReader("image")],
  ["video", fileReader("video")],
  ["audio", fileReader("audio")],
  ["document", fileReader("document")],
  ["sticker", fileReader("sticker")],
  ["location", (message) => ({ text: "", parts: placeOf(fieldsOf(message["location"])) })],
  ["contacts", (message) => ({ text: "", parts: listOf(message["contacts"]).flatMap(cardOf) })],
  ["button", readButton],
  ["interactive", readInteractive],
]);

function fileReader(field: string): Reader {
  return (message) => {
    const media = fieldsOf(message[field]);
    const file = idOf(media["id"]);
    if (file === null) return { text: textOf(media["caption"]), parts: [] };
    const part: Part = {
      type: kindOf(field, media),
      file,
      name: labelOf(media["filename"]),
      mimeType: labelOf(media["mime_type"]),
      bytes: null,
    };
    return { text: textOf(media["caption"]), parts: [part] };
  };
}

function kindOf(field: string, media: Fields): FileKind {
  switch (field) {
    case "audio":
      return media["voice"] === true ? "voice" : "audio";
    case "image":
    case "video":
    case "sticker":
      return field;
    default:
      return "file";
  }
}

function placeOf(location: Fields): readonly Part[] {
  const latitude = numberOf(location["latitude"]);
  const longitude = numberOf(location["longitude"]);
  const label = [labelOf(location["name"]), labelOf(location["address"])].filter(
    (part) => part !== null,
  );
  if (latitude === null || longitude === null) return [];
  const point = { latitude, longitude };
  return [{ type: "location", point, label: label.length === 0 ? null : label.join(", ") }];
}

function cardOf(contact: unknown): readonly Part[] {
  const card = fieldsOf(contact);
  const phones = listOf(card["phones"]).flatMap((phone) => {
    const { phone: written, wa_id: id } = fieldsOf(phone);
    return labelOf(written) ?? labelOf(id) ?? [];
  });
  const name = labelOf(fieldsOf(card["name"])["formatted_name"]);
  return name === null && phones.length === 0 ? [] : [{ type: "contact", name, phones }];
}

/** A quick reply below a template. */
function readButton(message: Fields): Content {
  const button = fieldsOf(message["button"]);
  return press(message, textOf(button["text"]), button["payload"]);
}

/** A button or a row of a list, or a form that was filled in. */
function readInteractive(message: Fields): Content {
  const interactive = fieldsOf(message["interactive"]);
  const reply = fieldsOf(interactive["button_reply"] ?? interactive["list_reply"]);
  const form = fieldsOf(interactive["nfm_reply"]);
  return interactive["nfm_reply"] === undefined
    ? press(message, textOf(reply["title"]), reply["id"])
    : press(message, textOf(form["body"]), form["response_json"]);
}

function press(message: Fields, title: string, carried: unknown): Content {
  const data = textOf(carried);
  if (data === "" && title === "") return nothing;
  const of = idOf(fieldsOf(message["context"])["id"]);
  return { text: title, parts: [{ type: "press", data: data || title, of }] };
}

/** What stands around a message without being said: the advertisement it came through, the product it asks about. */
function surroundings(message: Fields): readonly Part[] {
  const product = fieldsOf(message["context"])["referred_product"];
  return [
    ...(message["referral"] === undefined ? [] : [unsupported("referral")]),
    ...(product === undefined ? [] : [unsupported("referred_product")]),
  ];
}

/** `unsupported 131051` for what WhatsApp itself does not pass on. */
function wordOf(type: string, message: Fields): string {
  const code = numberOf(fieldsOf(listOf(message["errors"])[0])["code"]);
  return code === null ? type : `${type} ${code}`;
}

function unsupported(what: string): Part {
  return { type: "unsupported", what };
}

/** WhatsApp says that words were passed on, not whose they are. */
const somebody = "somebody";

/** What stands around a message; null when there is nothing. */
export function contextOf(
  message: Fields,
  party: Party,
  name: string | null,
): MessageContext | null {
  const context = fieldsOf(message["context"]);
  const forwarded = context["forwarded"] === true || context["frequently_forwarded"] === true;
  const said: MessageContext = {
    replyTo: idOf(context["id"]),
    album: null,
    sender: party.member === null ? null : { id: party.member.id, name },
    forwardedFrom: forwarded ? somebody : null,
  };
  const any = said.replyTo !== null || said.sender !== null || forwarded;
  return any ? said : null;
}
