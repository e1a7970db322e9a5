import type { ContactProfile } from "../../message/event.ts";
import { fullName } from "./content.ts";
import { fieldsOf, integer, type Json, label, listOf, reference, words } from "./json.ts";
import { type Faulty, type Mapped, noteOf } from "./messages.ts";
import { contactOf, isPrivate, personOf } from "./people.ts";
import { addressOf, messageName, type Place, placeOf } from "./place.ts";

/** Begins the name of a pressed button's message; what follows is what must be answered. */
export const pressMark = "press:";

/** A button was pressed; its words stand on the message that offered it. */
export function buttonPressed(query: Json): readonly Mapped[] | Faulty {
  const id = reference(query["id"]);
  const from = personOf(query["from"]);
  if (id === null) return { faulty: "id" };
  if (from === null) return { faulty: "from" };
  const message = fieldsOf(query["message"]) ?? {};
  // Messages sent by way of an inline query have no chat that the bot knows: the person's own is the conversation.
  const place = placeOf(message) ?? privateChat(Number(from.id));
  const data = words(query["data"]) || words(query["game_short_name"]) || "nothing";
  const offered = integer(message["message_id"]);
  const of = offered === null ? null : messageName(place, offered);
  const alone = message["chat"] === undefined || isPrivate(message);
  return [
    {
      place,
      event: {
        type: "client_message",
        messageId: `${pressMark}${id}`,
        content: {
          text: titleOf(message, data) ?? data,
          parts: [{ type: "press", data, of }],
        },
        context: alone ? null : { replyTo: null, album: null, sender: from, forwardedFrom: null },
        address: addressOf(place),
        contact: alone ? profileOf(query["from"]) : contactOf(message),
        requestId: null,
        unanswered: null,
      },
    },
  ];
}

function privateChat(chat: number): Place {
  return { chat, topic: null, direct: null, business: null };
}

function profileOf(value: unknown): ContactProfile | null {
  return contactOf({ chat: { type: "private" }, from: value });
}

/** What stands on the button with this data. */
function titleOf(message: Json, data: string): string | null {
  const rows = fieldsOf(message["reply_markup"])?.["inline_keyboard"];
  if (!Array.isArray(rows)) return null;
  const button = rows
    .flatMap((row: unknown) => listOf(row))
    .find((one) => one["callback_data"] === data);
  return button === undefined ? null : label(button["text"]);
}

/** All that one person now says about a message with emoji. */
export function reactionChanged(reaction: Json): readonly Mapped[] | Faulty {
  const place = placeOf(reaction);
  const id = integer(reaction["message_id"]);
  const sender = personOf(reaction["user"]) ?? personOf(reaction["actor_chat"]);
  if (place === null) return { faulty: "chat" };
  if (id === null) return { faulty: "message_id" };
  if (sender === null) return { faulty: "user" };
  const emoji = listOf(reaction["new_reaction"]).map(emojiOf);
  const messageId = messageName(place, id);
  return [{ place, event: { type: "reaction_changed", messageId, sender, emoji } }];
}

function emojiOf(reaction: Json): string {
  const custom = reference(reaction["custom_emoji_id"]);
  return label(reaction["emoji"]) ?? (custom === null ? "⭐" : `custom:${custom}`);
}

const gone: ReadonlySet<unknown> = new Set(["kicked", "left"]);

/** The bot was blocked, removed, or let in again. */
export function ownMembership(changed: Json): readonly Mapped[] | Faulty {
  const place = placeOf(changed);
  const status = fieldsOf(changed["new_chat_member"])?.["status"];
  if (place === null) return { faulty: "chat" };
  if (typeof status !== "string") return { faulty: "new_chat_member" };
  const reachable = !gone.has(status);
  return [{ place, event: { type: "reachability_changed", reachable } }];
}

/** Somebody else came, left, or asked to be let in. */
export function membership(
  changed: Json,
  given: { readonly what: string; readonly updateId: number },
): readonly Mapped[] | Faulty {
  const place = placeOf(changed);
  if (place === null) return { faulty: "chat" };
  const member = fieldsOf(changed["new_chat_member"]);
  const person = fieldsOf(member?.["user"] ?? changed["from"]) ?? {};
  const said = [fullName(person), label(member?.["status"])].filter((part) => part !== null);
  const content = {
    text: said.join(": "),
    parts: [{ type: "unsupported", what: given.what }],
  } as const;
  return [noteOf(place, `update:${given.updateId}`, content)];
}
