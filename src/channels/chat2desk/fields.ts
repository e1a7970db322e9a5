import { z } from "zod";
import { ExactNumber } from "../../core/json.ts";
import { storableText } from "../../core/text.ts";
import { placeOf } from "./place.ts";
import type { LocationPart } from "../../message/message.ts";

/** The field shapes of Chat2Desk's hooks. Absent, null and "" are the same wherever a field may be empty. */

/** Longest message text that is kept, UTF-16 units; the journal has the rest. */
const textLengthMax = 65_536;
const idLengthMax = 128;
const wordLengthMax = 64;
const urlLengthMax = 4_096;
/** Names, e-mail addresses and the like are cut here. */
const labelLengthMax = 256;

/** A JSON scalar that must leave as it arrived: `17` or `"17"`, digits exact beyond 2^53. */
export type JsonId = { readonly value: string; readonly type: "number" | "string" };

/** An id with the JSON type it came in; null for anything that is not one. */
export function jsonId(value: unknown): JsonId | null {
  if (typeof value === "number") {
    return Number.isSafeInteger(value) && value >= 0
      ? { value: String(value), type: "number" }
      : null;
  }
  if (value instanceof ExactNumber) {
    const { digits } = value;
    return digits.startsWith("-") || digits.length > idLengthMax
      ? null
      : { value: digits, type: "number" };
  }
  if (typeof value !== "string" || value.trim() === "" || value.length > idLengthMax) return null;
  return { value: storableText(value), type: "string" };
}

/** A required id. */
export const id = field(jsonId);

/** An id that may be missing. */
export const optionalId = optional(jsonId);

/** The text of an optional id, for ids that never travel back. */
export const optionalIdText = optional((value) => jsonId(value)?.value ?? null);

/** A message's text, "" when there is none. */
export const text = field((value) => {
  if (isEmpty(value)) return "";
  return typeof value === "string" ? storableText(cut(value, textLengthMax)) : null;
});

/** A short word of an open set, such as a transport. */
export const word = field((value) => (isEmpty(value) ? null : shortText(value, wordLengthMax)));

export const optionalWord = optional((value) => shortText(value, wordLengthMax));

/** A word that has a usual value. */
export const wordOr = (usual: string) =>
  field((value) => (isEmpty(value) ? usual : shortText(value, wordLengthMax)));

export const optionalUrl = optional((value) => shortText(value, urlLengthMax));

/** A name, a number or an address that only people read; numbers are taken as they are written. */
export const optionalLabel = optional(label);

/** A yes or no in any of the writings that were seen: `true`, `1`, `"1"`. */
export const flag = field((value) => flags.get(value) ?? null);

/** A place, see `place.ts`. */
export const coordinates: z.ZodType<LocationPart | null> = optional(placeOf);

/**
 * A field from a function that answers null for a value of the wrong kind. One transform per field instead of a chain of
 * zod's own checks: 3 us instead of 9 for a message.
 */
function field<T>(read: (value: unknown) => T | null): z.ZodType<T> {
  return z.transform((value: unknown, context) => read(value) ?? wrong(context));
}

/** A field that is null when it is absent or empty. */
function optional<T>(read: (value: unknown) => T | null): z.ZodType<T | null> {
  return z.transform((value: unknown, context) =>
    isEmpty(value) ? null : (read(value) ?? wrong(context)),
  );
}

const flags: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [true, true],
  [1, true],
  ["1", true],
  ["true", true],
  [false, false],
  [0, false],
  ["0", false],
  ["false", false],
]);

function label(value: unknown): string | null {
  if (typeof value === "string") return storableText(cut(value, labelLengthMax));
  if (typeof value === "number") return String(value);
  return value instanceof ExactNumber ? cut(value.digits, labelLengthMax) : null;
}

function shortText(value: unknown, lengthMax: number): string | null {
  return typeof value === "string" && value.length <= lengthMax ? storableText(value) : null;
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

/** The first `lengthMax` units, without half a surrogate pair at the end. */
function cut(value: string, lengthMax: number): string {
  if (value.length <= lengthMax) return value;
  const end = /[\uD800-\uDBFF]/.test(value.charAt(lengthMax - 1)) ? lengthMax - 1 : lengthMax;
  return value.slice(0, end);
}

function wrong(context: z.RefinementCtx): never {
  context.addIssue({ code: "custom", message: "wrong kind" });
  return z.NEVER;
}
