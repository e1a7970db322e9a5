import type { OutgoingText } from "../../../message/outgoing.ts";
import { areShort, linksOf, repliesOf, withLines } from "../buttons.ts";
import type { Fields } from "../fields.ts";

/** What an interactive message takes at most, UTF-16 units and counts. */
const bodyMax = 1_024;
const buttonsMax = 3;
const buttonMax = { title: 20, data: 256 };
const rowsMax = 10;
const rowMax = { title: 24, data: 200 };
/** What stands on the button that opens a list; a sign, because we do not know the customer's language. */
const listTitle = "☰";

/**
 * Words with buttons, in the best form that WhatsApp has for them: up to three reply buttons, a list of up to ten rows, one link;
 * anything else (long words, long titles, links among replies) as lines of text.
 */
export function interactiveOf({ text, buttons }: OutgoingText): Fields {
  const replies = repliesOf(buttons);
  const links = linksOf(buttons);
  const [link] = links;
  const body = { text };
  const short = text !== "" && text.length <= bodyMax;
  if (short && links.length === 0 && replies.length <= buttonsMax && areShort(replies, buttonMax))
    return interactive({ type: "button", body, action: { buttons: replies.map(buttonOf) } });
  if (short && links.length === 0 && replies.length <= rowsMax && areShort(replies, rowMax))
    return interactive({ type: "list", body, action: listOf(replies) });
  if (short && link !== undefined && links.length === 1 && replies.length === 0)
    return interactive({ type: "cta_url", body, action: linkOf(link) });
  return { type: "text", text: { body: withLines(text, buttons), preview_url: false } };
}

type Reply = ReturnType<typeof repliesOf>[number];

function interactive(value: Fields): Fields {
  return { type: "interactive", interactive: value };
}

function buttonOf({ title, data }: Reply): Fields {
  return { type: "reply", reply: { id: data, title } };
}

function listOf(replies: readonly Reply[]): Fields {
  const rows = replies.map(({ title, data }) => ({ id: data, title }));
  return { button: listTitle, sections: [{ title: listTitle, rows }] };
}

function linkOf({ title, url }: { readonly title: string; readonly url: string }): Fields {
  return { name: "cta_url", parameters: { display_text: title.slice(0, buttonMax.title), url } };
}
