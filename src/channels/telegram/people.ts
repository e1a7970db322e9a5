import type { ContactProfile } from "../../message/event.ts";
import type { MessageContext, Sender } from "../../message/message.ts";
import { fullName } from "./content.ts";
import { fieldsOf, integer, type Json, label, reference } from "./json.ts";
import { messageName, type Place } from "./place.ts";

/** Whether one person alone talks in this chat: bot and customer. */
export function isPrivate(message: Json): boolean {
  return fieldsOf(message["chat"])?.["type"] === "private";
}

/** Whose conversation it is: the customer, or the group by its title. */
export function contactOf(message: Json): ContactProfile | null {
  const who = fieldsOf(isPrivate(message) ? message["from"] : message["chat"]);
  if (who === null) return null;
  return {
    name: fullName(who) ?? label(who["title"]),
    assignedName: null,
    phone: null,
    username: label(who["username"]),
    externalId: null,
  };
}

/** Who wrote, where more people than one do. Anonymous admins and channels write as a chat. */
function senderOf(message: Json): Sender | null {
  if (isPrivate(message)) return null;
  return personOf(message["sender_chat"]) ?? personOf(message["from"]);
}

/** A person or a chat that acts as one. */
export function personOf(value: unknown): Sender | null {
  const who = fieldsOf(value);
  const id = integer(who?.["id"]);
  return who === null || id === null
    ? null
    : { id: String(id), name: fullName(who) ?? label(who["title"]) };
}

/** What stands around a message; null when there is nothing. */
export function contextOf(message: Json, place: Place): MessageContext | null {
  const context = {
    replyTo: repliedTo(message, place),
    album: reference(message["media_group_id"]),
    sender: senderOf(message),
    forwardedFrom: forwardedFrom(message["forward_origin"]),
  };
  return Object.values(context).every((part) => part === null) ? null : context;
}

/** In a topic every message answers the one that opened it, which says nothing. */
function repliedTo(message: Json, place: Place): string | null {
  const original = fieldsOf(message["reply_to_message"]);
  const id = integer(original?.["message_id"]);
  if (id === null || (place.topic !== null && id === place.topic)) return null;
  return messageName(place, id);
}

function forwardedFrom(value: unknown): string | null {
  const origin = fieldsOf(value);
  if (origin === null) return null;
  const whose = ["sender_user", "sender_chat", "chat"] as const;
  const found = whose.map((field) => personOf(origin[field])).find((who) => who !== null);
  return found?.name ?? label(origin["sender_user_name"]) ?? "somebody";
}
