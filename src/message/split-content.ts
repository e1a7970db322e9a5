import { plainOf, readHtml, sliceRuns, writeHtml } from "./html.ts";
import type { OutgoingContent, OutgoingText } from "./outgoing.ts";
import { splitRanges, splitText, type TextLimit } from "./split.ts";

/**
 * Cuts a message into as many as the channel needs, each of which becomes a delivery of its own. What it answers stands with the
 * first part, its buttons with the last.
 */
export function splitContent(
  content: OutgoingContent,
  limit: TextLimit,
): readonly OutgoingContent[] {
  if (content.type !== "text") return [content];
  const texts = partsOf(content, limit);
  return texts.map((text, at) => ({
    ...content,
    text,
    replyTo: at === 0 ? content.replyTo : null,
    buttons: at === texts.length - 1 ? content.buttons : [],
  }));
}

function partsOf({ text, format }: OutgoingText, limit: TextLimit): readonly string[] {
  if (format === "plain") return splitText(text, limit);
  const runs = readHtml(text);
  const ranges = splitRanges(plainOf(runs), limit);
  return ranges.map(({ start, end }) => writeHtml(sliceRuns(runs, start, end)));
}
