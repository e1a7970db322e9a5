import type { JsonRecord } from "../../../fake-platform/exact-json.ts";
import type { Product } from "./account.ts";
import type { SentMessage } from "./platform-log.ts";
import { type ReadSend, readBody, recordOf, recordsOf, refused, wordOf } from "./send-reading.ts";

/** `POST /{page or account}/messages`, judged by what the Send API documents. */

const TEXT_MAX = 2_000;
const INSTAGRAM_TEXT_BYTES_MAX = 1_000;
const TEMPLATE_TEXT_MAX = 640;
const TITLE_MAX = 20;
const PAYLOAD_MAX = 1_000;
const METADATA_MAX = 1_000;
const QUICK_REPLIES_MAX = 13;
const BUTTONS_MAX = 3;
const FILES: readonly unknown[] = ["image", "video", "audio", "file"];

type Said = Pick<SentMessage, "says" | "text" | "what" | "buttons">;

/** Reads a send; refuses what the documented rules forbid. */
export function readMessengerSend(product: Product, body: string): ReadSend {
  const fields = readBody(body) ?? {};
  const client = wordOf(recordOf(fields["recipient"])["id"]);
  const message = recordOf(fields["message"]);
  const externalId = wordOf(message["metadata"]);
  if (client === null || !isTimely(fields) || (externalId ?? "").length > METADATA_MAX)
    return refused();
  const said = sayingOf(product, message);
  if (said === null) return refused();
  const sent: SentMessage = {
    ...said,
    client: { value: client, type: "string" },
    replyTo: wordOf(recordOf(fields["reply_to"])["mid"]),
    externalId,
    body,
  };
  return { ok: true, message: sent, isTemplate: false };
}

/** A message says why it may be sent. */
function isTimely(fields: JsonRecord): boolean {
  const type = fields["messaging_type"];
  return type === "RESPONSE" || (type === "MESSAGE_TAG" && wordOf(fields["tag"]) !== null);
}

/** Words and a file never stand in one message. */
function sayingOf(product: Product, message: JsonRecord): Said | null {
  const { text, attachment } = message;
  if ((text === undefined) === (attachment === undefined)) return null;
  if (attachment !== undefined) return attached(recordOf(attachment));
  const words = wordOf(text);
  const replies = recordsOf(message["quick_replies"]).map((reply) => ({
    title: wordOf(reply["title"]) ?? "",
    payload: wordOf(reply["payload"]) ?? "",
  }));
  const shown = titlesOf(replies, QUICK_REPLIES_MAX);
  if (words === null || !isShort(product, words) || shown === null) return null;
  return { says: "text", text: words, what: null, buttons: shown };
}

function isShort(product: Product, text: string): boolean {
  return product === "instagram"
    ? Buffer.byteLength(text) <= INSTAGRAM_TEXT_BYTES_MAX
    : text.length <= TEXT_MAX;
}

function attached(attachment: JsonRecord): Said | null {
  const payload = recordOf(attachment["payload"]);
  const type = attachment["type"];
  if (type === "template") return template(payload);
  const url = wordOf(payload["url"]);
  if (!FILES.includes(type) || url === null || !URL.canParse(url)) return null;
  return { says: String(type), text: "", what: url, buttons: [] };
}

function template(payload: JsonRecord): Said | null {
  const text = wordOf(payload["text"]);
  const buttons = recordsOf(payload["buttons"]).map((button) => ({
    title: wordOf(button["title"]) ?? "",
    payload: wordOf(button["type"] === "web_url" ? button["url"] : button["payload"]) ?? "",
  }));
  const shown = titlesOf(buttons, BUTTONS_MAX);
  const complete = payload["template_type"] === "button" && shown !== null && shown.length > 0;
  if (text === null || text.length > TEMPLATE_TEXT_MAX || !complete) return null;
  return { says: "text", text, what: null, buttons: shown };
}

function titlesOf(
  buttons: readonly { readonly title: string; readonly payload: string }[],
  countMax: number,
): readonly string[] | null {
  const fits = buttons.every(
    ({ title, payload }) =>
      title !== "" && title.length <= TITLE_MAX && payload !== "" && payload.length <= PAYLOAD_MAX,
  );
  return fits && buttons.length <= countMax ? buttons.map(({ title }) => title) : null;
}
