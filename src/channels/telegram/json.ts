import { isJsonObject } from "../../core/json.ts";
import { storableText } from "../../core/text.ts";

/** Reading of a platform's JSON, field by field: what is of another kind is not there. */
export type Json = Readonly<Record<string, unknown>>;

/** Longest text that is kept, UTF-16 units; the journal has the rest. */
const textLengthMax = 65_536;
/** Names, titles and the like are cut here. */
const labelLengthMax = 256;
/** Longest id or reference; a file's id is about a hundred characters. */
const idLengthMax = 512;

/** An object's fields; null for anything else. */
export function fieldsOf(value: unknown): Json | null {
  return isJsonObject(value) ? value : null;
}

/** The objects of a list, in order; none for anything else. */
export function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.map(fieldsOf).filter((item) => item !== null) : [];
}

/** A whole number that a double holds exactly, as Telegram's ids are. */
export function integer(value: unknown): number | null {
  return Number.isSafeInteger(value) ? Number(value) : null;
}

/** A number; null for anything else. */
export function finite(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** Words of a message, "" when there are none. */
export function words(value: unknown): string {
  return typeof value === "string" ? storableText(cut(value, textLengthMax)) : "";
}

/** A name that people read; null when there is none. */
export function label(value: unknown): string | null {
  return typeof value === "string" && value !== ""
    ? storableText(cut(value, labelLengthMax))
    : null;
}

/** Something that must come back as it is: null when it is none, or too long to be one. */
export function reference(value: unknown): string | null {
  if (typeof value !== "string" || value === "" || value.length > idLengthMax) return null;
  return storableText(value) === value ? value : null;
}

/** The first `lengthMax` units, without half a character at the end. */
function cut(value: string, lengthMax: number): string {
  if (value.length <= lengthMax) return value;
  const end = /[\uD800-\uDBFF]/.test(value.charAt(lengthMax - 1)) ? lengthMax - 1 : lengthMax;
  return value.slice(0, end);
}
