import type { ChannelEvent, Unanswered } from "../../message/event.ts";
import type { Content } from "../../message/message.ts";
import { contentOf } from "./content.ts";
import { fieldsOf, integer, type Json } from "./json.ts";
import { contactOf, contextOf, personOf } from "./people.ts";
import { addressOf, identityOf, messageName, type Place, placeOf } from "./place.ts";
import { serviceOf } from "./service.ts";

/** What an update says of one conversation; `part` tells several of one update apart. */
export type Mapped = {
  readonly place: Place;
  readonly event: ChannelEvent;
  readonly part?: string;
};

/** A field of an update that is not as Telegram documents it. */
export type Faulty = { readonly faulty: string };

/** A message in a chat, a group, a topic or a channel. */
export function newMessage(
  message: Json,
  kind: "message" | "channel_post",
): readonly Mapped[] | Faulty {
  const place = placeOf(message);
  const id = integer(message["message_id"]);
  if (place === null) return { faulty: "chat" };
  if (id === null) return { faulty: "message_id" };
  const service = serviceOf(message);
  const messageId = messageName(place, id);
  if (service !== null) {
    const { what, text } = service;
    const content: Content = { text, parts: [{ type: "unsupported", what }] };
    return [noteOf(place, messageId, content), ...moveOf(message, place)];
  }
  if (isOwners(message, place)) return [ownersMessage(message, place, messageId)];
  return [
    {
      place,
      event: {
        type: "client_message",
        messageId,
        content: contentOf(message),
        context: contextOf(message, place),
        address: addressOf(place),
        contact: contactOf(message),
        requestId: null,
        unanswered: unansweredOf(message, kind),
      },
    },
  ];
}

/** A line that nobody said. */
export function noteOf(place: Place, messageId: string, content: Content): Mapped {
  return {
    place,
    event: { type: "side_message", messageId, kind: "system", operatorId: null, content },
  };
}

/** A group that became a supergroup goes on under another id, where what is still to be sent must go. */
function moveOf(message: Json, place: Place): readonly Mapped[] {
  const chat = integer(message["migrate_to_chat_id"]);
  if (chat === null) return [];
  const address = addressOf({ ...place, chat });
  return [{ place, event: { type: "conversation_moved", address }, part: "moved" }];
}

/** In a business account's chats its owner writes to the customers: an operator, as we see it. */
function isOwners(message: Json, { chat, business }: Place): boolean {
  return business !== null && personOf(message["from"])?.id !== String(chat);
}

function ownersMessage(message: Json, place: Place, messageId: string): Mapped {
  const byBot = fieldsOf(message["sender_business_bot"]) !== null;
  return {
    place,
    event: {
      type: "outbound_message",
      messageId,
      author: byBot ? "automatic" : "operator",
      operatorId: byBot ? null : (personOf(message["from"])?.id ?? null),
      content: contentOf(message),
      context: contextOf(message, place),
      live: true,
      platformAt: msOf(message["date"]),
    },
  };
}

function unansweredOf(message: Json, kind: "message" | "channel_post"): Unanswered | null {
  if (kind === "channel_post") return "broadcast";
  return fieldsOf(message["from"])?.["is_bot"] === true && message["sender_chat"] === undefined
    ? "automatic"
    : null;
}

/** A message has other words now. */
export function editedMessage(message: Json): readonly Mapped[] | Faulty {
  const place = placeOf(message);
  const id = integer(message["message_id"]);
  if (place === null) return { faulty: "chat" };
  if (id === null) return { faulty: "message_id" };
  return [
    {
      place,
      event: {
        type: "message_edited",
        messageId: messageName(place, id),
        author: isOwners(message, place) ? "operator" : "client",
        content: contentOf(message),
        platformAt: msOf(message["edit_date"]),
      },
    },
  ];
}

/** Messages of a business account's chat were deleted; Telegram tells of no other deletions. */
export function deletedMessages(deleted: Json): readonly Mapped[] | Faulty {
  const place = placeOf(deleted);
  const ids = deleted["message_ids"];
  if (place === null) return { faulty: "chat" };
  if (!Array.isArray(ids)) return { faulty: "message_ids" };
  const messageIds = ids.flatMap((value: unknown) => {
    const id = integer(value);
    return id === null ? [] : [messageName(place, id)];
  });
  return [{ place, event: { type: "messages_deleted", messageIds } }];
}

/** Telegram counts seconds. */
export function msOf(seconds: unknown): number | null {
  const at = integer(seconds);
  return at === null || at <= 0 ? null : at * 1_000;
}

/** How the conversation of an update is called. */
export function subjectOf(place: Place) {
  return { kind: "client", identity: identityOf(place) } as const;
}
