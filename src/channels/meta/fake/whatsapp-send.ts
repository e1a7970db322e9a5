import type { JsonRecord } from "../../../fake-platform/exact-json.ts";
import type { SentMessage } from "./platform-log.ts";
import {
  INVALID_PARAMETER,
  type ReadSend,
  readBody,
  recordOf,
  recordsOf,
  refused,
  wordOf,
} from "./send-reading.ts";

/** `POST /{phone-number-id}/messages`, judged by what the Cloud API documents. */

const MISSING_PARAMETER = 131008;
const UNKNOWN_TYPE = 131051;
const TEXT_MAX = 4_096;
const BODY_MAX = 1_024;
const CAPTION_MAX = 1_024;
const TITLE_MAX = 20;
const ROW_TITLE_MAX = 24;
const BUTTONS_MAX = 3;
const ROWS_MAX = 10;
const CALLBACK_DATA_MAX = 512;

type Said = Pick<SentMessage, "says" | "text" | "what"> & { readonly buttons?: readonly string[] };

/** Reads a send; refuses what the documented rules forbid. */
export function readWhatsAppSend(body: string): ReadSend {
  const fields = readBody(body);
  if (fields === null || fields["messaging_product"] !== "whatsapp") return refused();
  const client = recipientOf(fields);
  if (client === null) return refused(MISSING_PARAMETER);
  const externalId = wordOf(fields["biz_opaque_callback_data"]);
  if ((externalId ?? "").length > CALLBACK_DATA_MAX) return refused();
  const type = wordOf(fields["type"]) ?? "text";
  const read = readers.get(type);
  if (read === undefined) return refused(UNKNOWN_TYPE);
  const said = read(recordOf(fields[type]), fields);
  if (said === null) return refused(INVALID_PARAMETER);
  const message: SentMessage = {
    ...said,
    client: { value: client, type: "string" },
    buttons: said.buttons ?? [],
    replyTo: wordOf(recordOf(fields["context"])["message_id"]),
    externalId,
    body,
  };
  return { ok: true, message, isTemplate: type === "template" };
}

/** A person by number or by business-scoped id, or a group. */
function recipientOf(fields: JsonRecord): string | null {
  const kind = fields["recipient_type"] ?? "individual";
  if (kind !== "individual" && kind !== "group") return null;
  return wordOf(fields["to"]) ?? (kind === "individual" ? wordOf(fields["recipient"]) : null);
}

type Reader = (value: JsonRecord, fields: JsonRecord) => Said | null;

const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["text", (value) => saying("text", textWithin(value["body"], TEXT_MAX), null)],
  ["image", fileReader("image", true)],
  ["video", fileReader("video", true)],
  ["document", fileReader("file", true)],
  ["audio", fileReader("audio", false)],
  ["sticker", fileReader("sticker", false)],
  ["location", readLocation],
  ["contacts", readContacts],
  ["template", readTemplate],
  ["interactive", readInteractive],
]);

function saying(says: string, text: string | null, what: string | null): Said | null {
  return text === null ? null : { says, text, what };
}

function textWithin(value: unknown, max: number): string | null {
  const text = wordOf(value);
  return text !== null && text.length <= max ? text : null;
}

function fileReader(says: string, takesWords: boolean): Reader {
  return (value) => {
    const source = wordOf(value["id"]) ?? linkOf(value["link"]);
    const caption = value["caption"] ?? "";
    if (source === null || typeof caption !== "string" || caption.length > CAPTION_MAX) return null;
    return caption !== "" && !takesWords ? null : { says, text: caption, what: source };
  };
}

function linkOf(value: unknown): string | null {
  const link = wordOf(value);
  return link !== null && /^https?:\/\//.test(link) && URL.canParse(link) ? link : null;
}

function readLocation(value: JsonRecord): Said | null {
  const [latitude, longitude] = [Number(value["latitude"]), Number(value["longitude"])];
  const real = Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
  return real ? { says: "location", text: "", what: `${latitude},${longitude}` } : null;
}

function readContacts(_value: JsonRecord, fields: JsonRecord): Said | null {
  const [card] = recordsOf(fields["contacts"]);
  const name = wordOf(recordOf(card?.["name"])["formatted_name"]);
  const phone = wordOf(recordsOf(card?.["phones"])[0]?.["phone"]);
  return name === null ? null : { says: "contact", text: name, what: phone };
}

function readTemplate(value: JsonRecord): Said | null {
  const name = wordOf(value["name"]);
  const language = wordOf(recordOf(value["language"])["code"]);
  if (name === null || language === null) return null;
  const words = recordsOf(value["components"])
    .flatMap((component) => recordsOf(component["parameters"]))
    .map((parameter) => wordOf(parameter["text"]) ?? "");
  return { says: "template", text: words.join(" "), what: name };
}

function readInteractive(value: JsonRecord): Said | null {
  const text = textWithin(recordOf(value["body"])["text"], BODY_MAX);
  const buttons = titlesOf(value["type"], recordOf(value["action"]));
  return text === null || buttons === null ? null : { says: "text", text, what: null, buttons };
}

/** What stands on the buttons; null when they break a rule. */
function titlesOf(type: unknown, action: JsonRecord): readonly string[] | null {
  switch (type) {
    case "button":
      return titlesWithin(
        recordsOf(action["buttons"]).map((button) => recordOf(button["reply"])),
        { count: BUTTONS_MAX, title: TITLE_MAX },
      );
    case "list": {
      const rows = recordsOf(action["sections"]).flatMap((section) => recordsOf(section["rows"]));
      if (textWithin(action["button"], TITLE_MAX) === null) return null;
      return titlesWithin(rows, { count: ROWS_MAX, title: ROW_TITLE_MAX });
    }
    case "cta_url": {
      const { display_text: title, url } = recordOf(action["parameters"]);
      const shown = textWithin(title, TITLE_MAX);
      return shown === null || linkOf(url) === null ? null : [shown];
    }
    default:
      return null;
  }
}

function titlesWithin(
  items: readonly JsonRecord[],
  max: { readonly count: number; readonly title: number },
): readonly string[] | null {
  const titles = items.flatMap((item) =>
    wordOf(item["id"]) === null ? [] : (textWithin(item["title"], max.title) ?? []),
  );
  const distinct = new Set(items.map((item) => item["id"])).size === items.length;
  const complete = titles.length === items.length && distinct;
  return complete && titles.length > 0 && titles.length <= max.count ? titles : null;
}
