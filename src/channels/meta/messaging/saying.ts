import type { OutgoingContent, OutgoingFile, OutgoingText } from "../../../message/outgoing.ts";
import { areShort, linksOf, repliesOf, withLines } from "../buttons.ts";
import type { Fields } from "../fields.ts";

/** What a message says, in the words of the Send API; or why it cannot be said. */
export type Saying =
  | { readonly ok: true; readonly message: Fields; readonly replyTo: string | null }
  | { readonly ok: false; readonly detail: string };

/** What the Send API takes at most, UTF-16 units and counts. */
const repliesMax = 13;
const buttonsMax = 3;
const buttonMax = { title: 20, data: 1_000 };
const templateTextMax = 640;

/** Writes a message for the Send API; nothing of it is left out silently. */
export function sayingOf(content: OutgoingContent): Saying {
  switch (content.type) {
    case "text":
      return { ok: true, message: wordsOf(content), replyTo: content.replyTo };
    case "location":
    case "contact":
    case "template":
    case "sticker":
      return { ok: false, detail: `cannot_send_${content.type}` };
    default:
      return fileOf(content);
  }
}

/**
 * Words with buttons, in the best form there is: up to thirteen quick replies, up to three buttons when links are among them;
 * anything else as lines of text.
 */
function wordsOf({ text, buttons }: OutgoingText): Fields {
  if (buttons.length === 0) return { text };
  const replies = repliesOf(buttons);
  const links = linksOf(buttons);
  const count = replies.length + links.length;
  const short =
    text !== "" &&
    areShort(replies, buttonMax) &&
    links.every(({ title }) => title.length <= buttonMax.title);
  if (short && links.length === 0 && count <= repliesMax)
    return { text, quick_replies: replies.map(quickReply) };
  if (short && count <= buttonsMax && text.length <= templateTextMax)
    return { attachment: { type: "template", payload: templateOf(text, buttons.flat()) } };
  return { text: withLines(text, buttons) };
}

function quickReply({ title, data }: ReturnType<typeof repliesOf>[number]): Fields {
  return { content_type: "text", title, payload: data };
}

function templateOf(text: string, buttons: OutgoingText["buttons"][number]): Fields {
  const written = buttons.map((button) =>
    "url" in button
      ? { type: "web_url", title: button.title, url: button.url }
      : { type: "postback", title: button.title, payload: button.data },
  );
  return { template_type: "button", text, buttons: written };
}

/** Words and a file never stand in one message of the Send API. */
function fileOf({ type, url, caption }: OutgoingFile): Saying {
  if (caption !== "") return { ok: false, detail: "no_words_beside_files" };
  const word = type === "voice" ? "audio" : type;
  const message = { attachment: { type: word, payload: { url, is_reusable: false } } };
  return { ok: true, message, replyTo: null };
}
