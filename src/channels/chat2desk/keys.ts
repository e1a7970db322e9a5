import { CryptoHasher } from "bun";
import type { EventKey } from "../channel.ts";
import type { JsonId } from "./fields.ts";

/**
 * Names for the platform's events that a redelivery repeats: it carries the same body and the same `event_time`.
 * The bucket is read from the key itself, so one key can never stand in two buckets.
 */

const keyLengthMax = 200;
/** Digits of a native id in a key, so that keys sort as ids grow. */
const idDigits = 20;

const isoTime = /^(\d{4})-(0[1-9]|1[0-2])-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/;
const plainNumber = /^(?:0|[1-9]\d*)$/;

/** The key of a message: ids come once per hook and type, so it is timeless. */
export function messageKey(hookType: string, type: string, messageId: JsonId): EventKey {
  return bounded({ bucket: 0, key: `m:${sortable(messageId.value)}:${hookType}:${escaped(type)}` });
}

export type Occurrence = {
  readonly hookType: string;
  /** `event_time` as it came; null when there is none. */
  readonly time: string | null;
  /** What tells this event from others of its hook at the same moment. */
  readonly parts: readonly string[];
};

/** The key of an event without a message id: its time and what it is about, or a digest of the body when it has no time. */
export function occurrenceKey(occurrence: Occurrence, raw: Uint8Array): EventKey {
  const { hookType, time, parts } = occurrence;
  if (time === null) return bodyKey(raw);
  const bucket = monthOf(time);
  const when = bucket === 0 ? escaped(time) : time;
  return bounded({ bucket, key: `e:${[when, hookType, ...parts.map(escaped)].join(":")}` });
}

/** The key of a body that nothing else is known of. */
export function bodyKey(raw: Uint8Array): EventKey {
  return { bucket: 0, key: `b:${digest(raw)}` };
}

/** A short digest of an event's content, for hooks that may fire twice in a second about the same thing. */
export function contentPart(content: readonly unknown[]): string {
  return digest(JSON.stringify(content)).slice(0, 16);
}

/** Year times 12 plus month (1-12), or 0 when the time is not ISO 8601 in UTC. */
function monthOf(time: string): number {
  const [, year, month] = isoTime.exec(time) ?? [];
  return year === undefined || month === undefined ? 0 : Number(year) * 12 + Number(month);
}

/** The mark keeps an id such as `"007"` apart from the padded form of 7. */
function sortable(id: string): string {
  return plainNumber.test(id) ? id.padStart(idDigits, "0") : `~${escaped(id)}`;
}

function escaped(part: string): string {
  return part.replaceAll("%", "%25").replaceAll(":", "%3A");
}

function bounded(key: EventKey): EventKey {
  return key.key.length <= keyLengthMax ? key : { bucket: 0, key: `h:${digest(key.key)}` };
}

function digest(data: string | Uint8Array): string {
  return new CryptoHasher("sha256").update(data).digest("hex");
}
