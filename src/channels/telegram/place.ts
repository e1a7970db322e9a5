import { parseJson } from "../../core/json.ts";
import type { ReplyAddress } from "../../message/message.ts";
import { fieldsOf, integer, type Json, reference } from "./json.ts";

/**
 * Where a message stands: a chat, a topic of a group, a topic of a channel's direct messages, or a chat of a business account that
 * the bot answers for. Each is a conversation of its own.
 *
 *   identity  `<chat>[/<topic>][/d<direct messages topic>][@<business connection>]`
 */
export type Place = {
  readonly chat: number;
  readonly topic: number | null;
  readonly direct: number | null;
  readonly business: string | null;
};

/** The place of a message; null when its chat is not named. */
export function placeOf(message: Json): Place | null {
  const chat = integer(fieldsOf(message["chat"])?.["id"]);
  if (chat === null) return null;
  const topic = message["is_topic_message"] === true ? integer(message["message_thread_id"]) : null;
  const direct = integer(fieldsOf(message["direct_messages_topic"])?.["topic_id"]);
  return { chat, topic, direct, business: reference(message["business_connection_id"]) };
}

/** How the conversation of a place is called. */
export function identityOf({ chat, topic, direct, business }: Place): string {
  return [
    chat,
    topic === null ? "" : `/${topic}`,
    direct === null ? "" : `/d${direct}`,
    business === null ? "" : `@${business}`,
  ].join("");
}

/** The chat of a conversation, by its identity. */
export function chatOf(identity: string): string {
  return /^-?\d+/.exec(identity)?.[0] ?? "0";
}

/** A message's name within the bot: its own number is counted per chat. */
export function messageName(
  { chat, business }: Pick<Place, "chat" | "business">,
  id: number,
): string {
  return business === null ? `${chat}:${id}` : `${chat}:${id}@${business}`;
}

/** The number of a message in its chat, by its name. */
export function messageNumber(name: string): number | null {
  const number = /^-?\d+:(\d+)/.exec(name)?.[1];
  return number === undefined ? null : integer(Number(number));
}

/** The address of a place: a list whose empty end is left out. */
export function addressOf({ chat, topic, direct, business }: Place): ReplyAddress {
  const full = [chat, topic, direct, business];
  return JSON.stringify(full.slice(0, full.findLastIndex((part) => part !== null) + 1));
}

/** The place that an address names; null when it is none of ours. */
export function placeAt(address: ReplyAddress): Place | null {
  const parsed = parseJson(address);
  if (!parsed.ok || !Array.isArray(parsed.value)) return null;
  const [chat, topic, direct, business]: readonly unknown[] = parsed.value;
  const id = integer(chat);
  if (id === null) return null;
  return {
    chat: id,
    topic: integer(topic),
    direct: integer(direct),
    business: reference(business),
  };
}
