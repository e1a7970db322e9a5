import { ExactNumber, parseJson } from "../../core/json.ts";
import type { ReplyAddress } from "../../message/message.ts";
import type { JsonId } from "./fields.ts";
import type { MessageHook } from "./hooks.ts";

/**
 * Where an answer goes on Chat2Desk: `[client, channel, transport]` as JSON, ids in the type in which they arrived and with all
 * their digits.
 */
export function addressOf(
  hook: Pick<MessageHook, "client_id" | "channel_id" | "transport">,
): ReplyAddress {
  const channel = hook.channel_id === null ? null : written(hook.channel_id);
  return JSON.stringify([written(hook.client_id), channel, hook.transport]);
}

/** The fields of `POST /v1/messages` that say where to; null for what is no address of this channel. */
export function recipientOf(address: ReplyAddress): Readonly<Record<string, unknown>> | null {
  const parsed = parseJson(address);
  if (!parsed.ok || !Array.isArray(parsed.value)) return null;
  const [client, channel, transport]: readonly unknown[] = parsed.value;
  if (!isId(client)) return null;
  return {
    client_id: client,
    ...(isId(channel) ? { channel_id: channel } : {}),
    ...(typeof transport === "string" ? { transport } : {}),
  };
}

function written(id: JsonId): ExactNumber | string {
  return id.type === "number" && /^\d+$/.test(id.value) ? new ExactNumber(id.value) : id.value;
}

function isId(value: unknown): boolean {
  return typeof value === "string" || typeof value === "number" || value instanceof ExactNumber;
}
