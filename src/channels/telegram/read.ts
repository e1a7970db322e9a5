import type { Update } from "@grammyjs/types";
import { CryptoHasher } from "bun";
import type { EventKey, ReadEvent, WebhookBody } from "../channel.ts";
import { fieldsOf, integer, type Json } from "./json.ts";
import {
  deletedMessages,
  editedMessage,
  type Faulty,
  type Mapped,
  msOf,
  newMessage,
  subjectOf,
} from "./messages.ts";
import { buttonPressed, membership, ownMembership, reactionChanged } from "./occurrences.ts";

type UpdateKind = Exclude<keyof Update, "update_id">;
type Reader = (value: Json, updateId: number) => readonly Mapped[] | Faulty;

/** Stored and not applied: nothing in a conversation follows from it. */
const unused = "unused";

/** Every kind of update that the Bot API 10.1 has; a new one fails the compiler when its types are updated. */
const readers: Readonly<Record<UpdateKind, Reader | typeof unused>> = {
  message: (value) => newMessage(value, "message"),
  edited_message: editedMessage,
  channel_post: (value) => newMessage(value, "channel_post"),
  edited_channel_post: editedMessage,
  business_connection: unused,
  business_message: (value) => newMessage(value, "message"),
  edited_business_message: editedMessage,
  deleted_business_messages: deletedMessages,
  guest_message: unused,
  stopped_message_generation: unused,
  message_reaction: reactionChanged,
  message_reaction_count: unused,
  inline_query: unused,
  chosen_inline_result: unused,
  callback_query: buttonPressed,
  shipping_query: unused,
  pre_checkout_query: unused,
  purchased_paid_media: unused,
  poll: unused,
  poll_answer: unused,
  my_chat_member: ownMembership,
  chat_member: (value, updateId) => membership(value, { what: "chat_member", updateId }),
  chat_join_request: (value, updateId) =>
    membership(value, { what: "chat_join_request", updateId }),
  chat_boost: unused,
  removed_chat_boost: unused,
  managed_bot: unused,
  subscription: unused,
};

/** What is asked for at `setWebhook`: everything that is read, also the kinds that Telegram leaves out by itself. */
export const allowedUpdates: readonly string[] = Object.keys(readers);

const isKind = (name: string): name is UpdateKind => Object.hasOwn(readers, name);

/**
 * Reads one update. Never throws; the reasons for ignoring are a closed set: `invalid: <field>`, `not_used: <kind>` and
 * `unknown_update`.
 */
export function readUpdate({ json, raw }: WebhookBody): readonly ReadEvent[] {
  const updateId = integer(json["update_id"]);
  if (updateId === null || updateId < 0) return [ignored(bodyKey(raw), "invalid: update_id")];
  const kind = Object.keys(json).find(isKind);
  if (kind === undefined) return [ignored(keyOf(updateId, null), "unknown_update")];
  const value = fieldsOf(json[kind]);
  const reader = readers[kind];
  if (reader === unused) return [ignored(keyOf(updateId, value), `not_used: ${kind}`)];
  // What cannot be read must not block a good update of the same id: the body names it.
  if (value === null) return [ignored(bodyKey(raw), `invalid: ${kind}`)];
  const mapped = reader(value, updateId);
  if ("faulty" in mapped) return [ignored(bodyKey(raw), `invalid: ${kind}.${mapped.faulty}`)];
  return mapped.map(({ place, event, part }) => ({
    key: keyOf(updateId, value, part),
    subject: subjectOf(place),
    event,
  }));
}

function ignored(key: EventKey, reason: string): ReadEvent {
  return { key, ignored: reason };
}

/** Digits of an update's id in a key, so that keys sort as ids grow. */
const idDigits = 12;

/**
 * Ids count up per bot, and begin anew at random after a quiet week: the month of the update's own time, which no redelivery
 * changes, keeps them apart.
 */
function keyOf(updateId: number, value: Json | null, part?: string): EventKey {
  const id = `u:${String(updateId).padStart(idDigits, "0")}`;
  const at = msOf(value?.["edit_date"] ?? value?.["date"]);
  return { bucket: monthOf(at), key: part === undefined ? id : `${id}:${part}` };
}

/** Later than anything that will be a date: what claims it keeps no bucket of its own. */
const latestMs = Date.UTC(2200, 0);

function monthOf(at: number | null): number {
  if (at === null || at >= latestMs) return 0;
  const date = new Date(at);
  return date.getUTCFullYear() * 12 + date.getUTCMonth() + 1;
}

function bodyKey(raw: Uint8Array): EventKey {
  return { bucket: 0, key: `b:${new CryptoHasher("sha256").update(raw).digest("hex")}` };
}
