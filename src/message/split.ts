/**
 * Cutting words into parts that a platform takes. A part ends where a reader would pause: at a blank line, a line, a sentence, a
 * word; inside a word only when it is longer than a part. What is cut away between parts is white space alone.
 */
export type TextLimit = {
  readonly max: number;
  /** What the platform counts. */
  readonly unit: "utf16" | "bytes";
};

/** Where a part may end, the best first. */
const pauses = ["\n\n", "\n", ". ", " "] as const;
/** A pause before this share of the part would make many short ones. */
const shortestShare = 0.5;

/** The parts of a text, at least one, each within the limit; joined they say all that it said. */
export function splitText(text: string, limit: TextLimit): readonly string[] {
  const parts: string[] = [];
  let rest = text;
  while (sizeOf(rest, limit) > limit.max) {
    const longest = longestHead(rest, limit);
    const end = pauseIn(rest.slice(0, longest)) ?? longest;
    parts.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  const filled = [...parts, rest].filter((part) => part !== "");
  return filled.length === 0 ? [""] : filled;
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
