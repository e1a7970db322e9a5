import { ExactNumber, isJsonObject } from "../../core/json.ts";
import { storableText } from "../../core/text.ts";
import type { LocationPart } from "../../message/message.ts";

/** Longest writing of a place that is kept, UTF-16 units. */
const writtenLengthMax = 1_000;

const pair = /^\s*([+-]?\d{1,3}(?:\.\d+)?)\s*[,; ]\s*([+-]?\d{1,3}(?:\.\d+)?)\s*$/;
const latitudeNames = ["latitude", "lat"] as const;
const longitudeNames = ["longitude", "lng", "lon", "long"] as const;

/**
 * A place. Chat2Desk documents no format: what looks like two numbers in their usual order, or an object that names them, is a
 * point; the writing itself is kept in any case. Null for anything else.
 */
export function placeOf(value: unknown): LocationPart | null {
  if (typeof value !== "string" && (typeof value !== "object" || value instanceof ExactNumber))
    return null;
  const written = typeof value === "string" ? value : JSON.stringify(value);
  if (written.length > writtenLengthMax) return null;
  return { type: "location", point: pointOf(value), label: storableText(written) };
}

function pointOf(value: unknown): LocationPart["point"] {
  const [latitude, longitude] = isJsonObject(value)
    ? [named(value, latitudeNames), named(value, longitudeNames)]
    : (pair.exec(String(value))?.slice(1).map(Number) ?? []);
  if (latitude === undefined || longitude === undefined) return null;
  return Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 ? { latitude, longitude } : null;
}

function named(
  place: Readonly<Record<string, unknown>>,
  names: readonly string[],
): number | undefined {
  const found = names.map((name) => place[name]).find((value) => value !== undefined);
  const number = typeof found === "string" && found.trim() !== "" ? Number(found) : found;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}
