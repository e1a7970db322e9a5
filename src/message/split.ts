/**
 * Cutting words into parts that a platform takes. A part ends where a reader would pause: at a blank line, a line, a sentence, a
 * word; inside a word only when it is longer than a part. What is cut away between parts is white space alone.
 */
export type TextLimit = {
  readonly max: number;
  /** What the platform counts. */
  readonly unit: "utf16" | "bytes";
};

/** A part of a text, UTF-16 units from its beginning. */
export type TextRange = { readonly start: number; readonly end: number };

/** Where a part may end, the best first. */
const pauses = ["\n\n", "\n", ". ", " "] as const;
/** A pause before this share of the part would make many short ones. */
const shortestShare = 0.5;

/** Where the parts of a text lie; none is empty, but for a text of nothing. */
export function splitRanges(text: string, limit: TextLimit): readonly TextRange[] {
  const ranges: TextRange[] = [];
  let start = 0;
  while (sizeOf(text.slice(start), limit) > limit.max) {
    const rest = text.slice(start);
    const longest = longestHead(rest, limit);
    const end = pauseIn(rest.slice(0, longest)) ?? longest;
    ranges.push(trimmed(text, { start, end: start + end }));
    start += end;
    start += text.slice(start).length - text.slice(start).trimStart().length;
  }
  ranges.push({ start, end: text.length });
  const filled = ranges.filter((range) => range.end > range.start);
  return filled.length === 0 ? [{ start: 0, end: 0 }] : filled;
}

/** The parts of a text, at least one, each within the limit; joined they say all that it said. */
export function splitText(text: string, limit: TextLimit): readonly string[] {
  if (sizeOf(text, limit) <= limit.max) return [text];
  return splitRanges(text, limit).map(({ start, end }) => text.slice(start, end));
}

function trimmed(text: string, { start, end }: TextRange): TextRange {
  return { start, end: start + text.slice(start, end).trimEnd().length };
}

function sizeOf(text: string, { unit }: TextLimit): number {
  return unit === "utf16" ? text.length : Buffer.byteLength(text);
}

/** UTF-16 units of the longest beginning within the limit; never half a character, never none. */
function longestHead(text: string, limit: TextLimit): number {
  let end = 0;
  let size = 0;
  for (const character of text) {
    size += sizeOf(character, limit);
    if (size > limit.max && end > 0) return end;
    end += character.length;
  }
  return end;
}

function pauseIn(head: string): number | null {
  const earliest = head.length * shortestShare;
  for (const pause of pauses) {
    const at = head.lastIndexOf(pause);
    if (at >= earliest) return at + pause.length;
  }
  return null;
}
