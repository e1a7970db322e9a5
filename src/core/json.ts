/**
 * JSON whose integers keep all their digits. Platforms use ids that a double cannot hold; rounding one would join two
 * customers. Such a number becomes an ExactNumber, everything else is what JSON.parse makes of it.
 */

/** Deepest nesting of arrays and objects that is read. */
export const jsonDepthMax = 64;

/** An integer beyond the exact range of a double, with its digits as the platform wrote them. Written back, it is a number again. */
export class ExactNumber {
  readonly digits: string;
  constructor(digits: string) {
    this.digits = digits;
  }
  toJSON(): unknown {
    return rawJson(this.digits);
  }
}

export type ParsedJson =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly reason: "not_json" | "too_deep" };

/**
 * Reads JSON; never throws. Nesting is judged on the raw text before anything is built. A key `__proto__` becomes an ordinary
 * own property and changes no prototype.
 */
export function parseJson(text: string): ParsedJson {
  if (isTooDeep(text)) return { ok: false, reason: "too_deep" };
  try {
    // The reviver costs a call per value and is needed by few bodies: no integer of 15 digits leaves the exact range.
    return {
      ok: true,
      value: longDigits.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text),
    };
  } catch {
    return { ok: false, reason: "not_json" };
  }
}

/** Whether a parsed value is a JSON object: not null, an array or a number. */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof ExactNumber)
  );
}

const longDigits = /\d{16}/;
const integer = /^-?\d+$/;

// TypeScript's library does not know the proposal "JSON.parse source text access" yet; Bun has it.
const rawJson: (text: string) => unknown = Reflect.get(JSON, "rawJSON");

function keepDigits(_key: string, value: unknown, ...context: readonly unknown[]): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = sourceOf(context[0]);
  return source !== null && integer.test(source) ? new ExactNumber(source) : value;
}

function sourceOf(context: unknown): string | null {
  if (typeof context !== "object" || context === null || !("source" in context)) return null;
  return typeof context.source === "string" ? context.source : null;
}

const quote = 0x22;
const backslash = 0x5c;
const openers: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const closers: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/** Counts brackets outside strings. On text that is no JSON the answer means little, and JSON.parse refuses it then. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) at = endOfString(text, at + 1);
    else if (openers.has(code)) depth += 1;
    else if (closers.has(code)) depth -= 1;
    if (depth > jsonDepthMax) return true;
  }
  return false;
}

/** The place of the quote that ends a string whose inside begins at `from`. */
function endOfString(text: string, from: number): number {
  let at = text.indexOf('"', from);
  while (at !== -1 && isEscaped(text, at, from)) at = text.indexOf('"', at + 1);
  return at === -1 ? text.length : at;
}

function isEscaped(text: string, at: number, from: number): boolean {
  let first = at;
  while (first > from && text.charCodeAt(first - 1) === backslash) first -= 1;
  return (at - first) % 2 === 1;
}
