import { isJsonObject, parseJson } from "../core/json.ts";
import type { Account } from "./account.ts";
import type { Channel, ReadEvent } from "./channel.ts";

/** A webhook's body, read; or why no channel can read it. */
export type ReadWebhook =
  | { readonly ok: true; readonly events: readonly ReadEvent[] }
  | { readonly ok: false; readonly reason: "not_utf8" | "not_json" | "too_deep" | "not_an_object" };

/** Reads a webhook's raw bytes by its channel; never throws. The worker reads the journal's copy again by the same function. */
export function readWebhook(
  channel: Pick<Channel, "read">,
  raw: Uint8Array,
  account: Account,
): ReadWebhook {
  const text = decode(raw);
  if (text === null) return { ok: false, reason: "not_utf8" };
  const parsed = parseJson(text);
  if (!parsed.ok) return { ok: false, reason: parsed.reason };
  if (!isJsonObject(parsed.value)) return { ok: false, reason: "not_an_object" };
  return { ok: true, events: channel.read({ json: parsed.value, raw }, account) };
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

function decode(raw: Uint8Array): string | null {
  try {
    return strictUtf8.decode(raw);
  } catch {
    return null;
  }
}
