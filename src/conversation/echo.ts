import type { OutboundMessage } from "../message/event.ts";
import type { Effect } from "./effect.ts";

/** What the outbox knows about a message that came back, read in one snapshot. */
export type OutboxFacts = {
  /** The platform's id stands in one of our attempts. */
  readonly ours: boolean;
  /** A send of this conversation has not ended yet. */
  readonly inFlight: boolean;
  /** Sends of this conversation whose end nobody knows. */
  readonly unsettled: readonly Unsettled[];
};

export type Unsettled = { readonly seq: string; readonly attempt: number; readonly text: string };

export const noFacts: OutboxFacts = { ours: false, inFlight: false, unsettled: [] };

export type EchoVerdict =
  | { readonly type: "ours"; readonly settles: readonly Effect[] }
  | { readonly type: "foreign" }
  | { readonly type: "undecided" };

/**
 * Whose message came back? The echo may arrive before our own call returns, so nothing is concluded while a send is in flight;
 * afterwards it is ours if its id was recorded, or if an attempt with an unknown end carried the same text.
 */
export function judgeEcho(event: OutboundMessage, facts: OutboxFacts): EchoVerdict {
  if (facts.ours) return { type: "ours", settles: [] };
  if (!event.live) return { type: "foreign" };
  if (facts.inFlight) return { type: "undecided" };
  const said = readings(event.content.text);
  const twin = facts.unsettled.find((unsettled) =>
    readings(unsettled.text).some((reading) => said.includes(reading)),
  );
  if (twin === undefined) return { type: "foreign" };
  return {
    type: "ours",
    settles: [
      { type: "settled", delivery: twin.seq, attempt: twin.attempt, messageId: event.messageId },
    ],
  };
}

/**
 * Text as two platforms would agree on it: as it is, or as HTML, because Chat2Desk wraps what we sent. Which of the two a text is
 * cannot be seen: a customer's address may hold a "<", too.
 */
function readings(text: string): readonly string[] {
  const shown = text.replaceAll(/<[^>]*>/g, " ");
  return [bare(text), bare(unescaped(text)), bare(unescaped(shown))];
}

function unescaped(html: string): string {
  return html
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll(/&(?:#39|#x27|apos);/g, "'")
    .replaceAll("&nbsp;", " ")
    .replaceAll("&amp;", "&");
}

function bare(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
