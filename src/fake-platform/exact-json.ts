/**
 * JSON whose integers keep all their digits: a platform's ids may be longer than a double can hold, and the judge must
 * write and read them exactly. In memory such a number is a bigint.
 */

const rawJson: (text: string) => unknown = Reflect.get(JSON, "rawJSON");

export type JsonRecord = Readonly<Record<string, unknown>>;

/** Writes a value as JSON; a bigint becomes a plain number with all its digits. */
export function encodeJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "bigint" ? rawJson(part.toString()) : part,
  );
}

/** Reads JSON; an integer outside the exact range of a double becomes a bigint. Throws a SyntaxError as JSON.parse does. */
export function decodeJson(text: string): unknown {
  return JSON.parse(text, revive);
}

function revive(_key: string, value: unknown, ...context: readonly unknown[]): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const [place] = context;
  const source = isRecord(place) ? place["source"] : undefined;
  return typeof source === "string" && /^-?\d+$/.test(source) ? BigInt(source) : value;
}

/** Whether a value is a JSON object (not an array, not null). */
export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
