import { CryptoHasher } from "bun";
import type { PlatformTime } from "../../message/event.ts";
import type { EventKey, ReadEvent } from "../channel.ts";

/**
 * Names for the events inside a webhook. Meta delivers a batch again as a whole or cut anew, in any order, so a name comes from
 * the event itself and never from its place.
 */

const keyLengthMax = 200;
/** Years outside of this are no time of an event: the month would be no bucket that anybody drops. */
const years = { first: 2_000, last: 2_100 } as const;

/** The key of a thing that has an id of its own: timeless, known for ever. */
export function idKey(kind: string, ...ids: readonly string[]): EventKey {
  return bounded({ bucket: 0, key: [kind, ...ids.map(escaped)].join(":") });
}

/** The key of a thing that happened at a moment, which a redelivery repeats. */
export function momentKey(at: PlatformTime, kind: string, ...parts: readonly string[]): EventKey {
  const when = at === null ? "" : String(at);
  return bounded({
    bucket: monthOf(at),
    key: [kind, when, ...parts.map(escaped)].join(":"),
  });
}

/** Something that changes nothing, named by what it says: a field that we cannot read must not block a good event of the same id. */
export function ignored(item: unknown, reason: string): ReadEvent {
  return { key: { bucket: 0, key: `b:${digest(JSON.stringify(item) ?? "")}` }, ignored: reason };
}

/** A short digest of what an event says, for those that may happen twice in a moment. */
export function contentPart(content: unknown): string {
  return digest(JSON.stringify(content) ?? "").slice(0, 16);
}

function monthOf(at: PlatformTime): number {
  if (at === null) return 0;
  const date = new Date(at);
  const year = date.getUTCFullYear();
  return year >= years.first && year <= years.last ? year * 12 + date.getUTCMonth() + 1 : 0;
}

function escaped(part: string): string {
  return part.replaceAll("%", "%25").replaceAll(":", "%3A");
}

function bounded({ bucket, key }: EventKey): EventKey {
  return key.length <= keyLengthMax ? { bucket, key } : { bucket, key: `h:${digest(key)}` };
}

function digest(data: string): string {
  return new CryptoHasher("sha256").update(data).digest("hex");
}
