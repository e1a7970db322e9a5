import { ExactNumber, isJsonObject } from "../../core/json.ts";
import { storableText } from "../../core/text.ts";
import type { PlatformTime } from "../../message/event.ts";

/**
 * Reading what Meta writes. A field of another kind than expected is read as absent, so that one odd field never costs a message;
 * only what an event cannot be without (its id, whose it is) makes it ignored.
 */
export type Fields = Readonly<Record<string, unknown>>;

/** Longest message text that is kept, UTF-16 units; the journal has the rest. */
const textLengthMax = 65_536;
const idLengthMax = 256;
/** Names, file names and words of open sets are cut here. */
const labelLengthMax = 256;
const urlLengthMax = 4_096;
/** Times above this are in ms, below in seconds; it is the year 5138 in seconds and 1973 in ms. */
const secondsMax = 100_000_000_000;

/** A JSON object; an empty one for anything else. */
export function fieldsOf(value: unknown): Fields {
  return isJsonObject(value) ? value : {};
}

/** A JSON array; an empty one for anything else. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** An id, which Meta writes as text and sometimes as a number of any length; null for anything else. */
export function idOf(value: unknown): string | null {
  const written = value instanceof ExactNumber ? value.digits : value;
  if (typeof written === "number") return Number.isSafeInteger(written) ? String(written) : null;
  if (typeof written !== "string" || written.trim() === "" || written.length > idLengthMax)
    return null;
  return storableText(written);
}

/** Words of people; "" when there are none. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? cut(value, textLengthMax) : "";
}

/** A short text, cut when it is not; null when there is none. */
export function labelOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? cut(value, labelLengthMax) : null;
}

/** An address; null for what is none or too long to be one. */
export function urlOf(value: unknown): string | null {
  const given = typeof value === "string" && value.length <= urlLengthMax ? value : "";
  return /^https?:\/\/./i.test(given) ? storableText(given) : null;
}

/** A number; null for anything else. */
export function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** A moment as ms since the epoch. Meta writes seconds or ms, as text or as a number. */
export function timeOf(value: unknown): PlatformTime {
  const written = typeof value === "string" && /^\d{1,16}$/.test(value) ? Number(value) : value;
  if (typeof written !== "number" || !Number.isSafeInteger(written) || written <= 0) return null;
  return written < secondsMax ? written * 1_000 : written;
}

/** The first `lengthMax` units, without half a surrogate pair at the end. */
function cut(value: string, lengthMax: number): string {
  return storableText(value.length <= lengthMax ? value : value.slice(0, lengthMax));
}
