import type {
  OutgoingContact,
  OutgoingContent,
  OutgoingFile,
  OutgoingLocation,
  OutgoingTemplate,
} from "../../../message/outgoing.ts";
import type { Fields } from "../fields.ts";
import { interactiveOf } from "./interactive.ts";

/** What a message says, in the words of `POST /{phone-number-id}/messages`; or why it cannot be said. */
export type Saying =
  | { readonly ok: true; readonly fields: Fields }
  | { readonly ok: false; readonly detail: string };

/** Writes a message for the Cloud API; nothing of it is left out silently. */
export function sayingOf(content: OutgoingContent): Saying {
  switch (content.type) {
    case "text":
      return said({ ...textOf(content), ...answering(content.replyTo) });
    case "location":
      return said({ type: "location", location: placeOf(content) });
    case "contact":
      return said({ type: "contacts", contacts: [cardOf(content)] });
    case "template":
      return said({ type: "template", template: templateOf(content) });
    default:
      return fileOf(content);
  }
}

function said(fields: Fields): Saying {
  return { ok: true, fields };
}

function textOf(content: Extract<OutgoingContent, { type: "text" }>): Fields {
  return content.buttons.length === 0
    ? { type: "text", text: { body: content.text, preview_url: false } }
    : interactiveOf(content);
}

function answering(replyTo: string | null): Fields {
  return replyTo === null ? {} : { context: { message_id: replyTo } };
}

function placeOf({ latitude, longitude, name, address }: OutgoingLocation): Fields {
  return {
    // Written as text, as Meta's own examples do.
    latitude: String(latitude),
    longitude: String(longitude),
    ...(name === null ? {} : { name }),
    ...(address === null ? {} : { address }),
  };
}

function cardOf({ name, phone }: OutgoingContact): Fields {
  return { name: { formatted_name: name, first_name: name }, phones: [{ phone }] };
}

function templateOf({ name, language, values }: OutgoingTemplate): Fields {
  const parameters = values.map((text) => ({ type: "text", text }));
  const components = parameters.length === 0 ? [] : [{ type: "body", parameters }];
  return { name, language: { code: language, policy: "deterministic" }, components };
}

/** WhatsApp's word for each kind of file; the last two take no words beside them. */
const words = {
  image: "image",
  video: "video",
  file: "document",
  audio: "audio",
  voice: "audio",
  sticker: "sticker",
} as const;
const wordless: ReadonlySet<string> = new Set(["audio", "sticker"]);

function fileOf({ type, url, name, caption }: OutgoingFile): Saying {
  const word = words[type];
  if (wordless.has(word) && caption !== "") return { ok: false, detail: `no_caption_on_${type}` };
  const file = {
    ...sourceOf(url),
    ...(caption === "" ? {} : { caption }),
    ...(word === "document" && name !== null ? { filename: name } : {}),
  };
  return said({ type: word, [word]: file });
}

/** A file that WhatsApp already has goes by the id that its `FilePart` carries, any other by its address. */
function sourceOf(url: string): Fields {
  return /^\d+$/.test(url) ? { id: url } : { link: url };
}
