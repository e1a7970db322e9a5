import type { ChannelEvent, ContactProfile } from "../../../message/event.ts";
import type { ReadEvent } from "../../channel.ts";
import { type Fields, fieldsOf, idOf, labelOf, listOf, textOf, timeOf } from "../fields.ts";
import { idKey, ignored } from "../keys.ts";
import { addressOf, type Party, partyOf } from "./address.ts";
import { contentOf, contextOf } from "./content.ts";

/** One item of `messages` or `message_echoes`, with what its change knows of the people in it. */
export type Arrived = {
  readonly id: string;
  readonly message: Fields;
  readonly party: Party;
  readonly contact: ContactProfile;
};

/** A customer wrote, pressed, reacted, changed or took back something. */
export function readMessage(item: unknown, contacts: unknown): ReadEvent {
  const message = fieldsOf(item);
  const party = partyOf({
    phone: message["from"],
    userId: message["from_user_id"],
    group: message["group_id"],
  });
  return read(message, { party, contacts, map: fromClient, kind: "m" });
}

/** The business wrote from its own phone, in the WhatsApp Business app. */
export function readEcho(item: unknown, contacts: unknown): ReadEvent {
  const message = fieldsOf(item);
  const party = partyOf({
    phone: message["to"],
    userId: message["to_user_id"],
    group: message["group_id"],
  });
  return read(message, { party, contacts, map: fromBusiness, kind: "e" });
}

function read(
  message: Fields,
  given: {
    readonly party: Party | null;
    readonly contacts: unknown;
    readonly map: (arrived: Arrived) => ChannelEvent | null;
    readonly kind: string;
  },
): ReadEvent {
  const { party } = given;
  const id = idOf(message["id"]);
  if (id === null) return ignored(message, "invalid: id");
  if (party === null) return ignored(message, "invalid: from");
  const event = given.map({ id, message, party, contact: profileOf(given.contacts, party) });
  if (event === null) return ignored(message, `invalid: ${String(message["type"])}`);
  return {
    key: idKey(given.kind, id),
    subject: { kind: "client", identity: party.identity },
    event,
  };
}

function fromClient(arrived: Arrived): ChannelEvent | null {
  const { message, party } = arrived;
  switch (message["type"]) {
    case "system":
      return systemLine(arrived);
    case "reaction":
    case "edit":
    case "revoke":
      return changed(arrived, "client");
    default:
      return {
        type: "client_message",
        messageId: arrived.id,
        content: contentOf(message),
        context: contextOf(message, party, arrived.contact.name),
        address: party.address,
        contact: party.member === null ? arrived.contact : null,
        requestId: null,
        unanswered: null,
      };
  }
}

function fromBusiness(arrived: Arrived): ChannelEvent | null {
  const { message, party, id } = arrived;
  switch (message["type"]) {
    case "reaction":
    case "edit":
    case "revoke":
      return changed(arrived, "operator");
    default:
      return {
        type: "outbound_message",
        messageId: id,
        author: "operator",
        operatorId: null,
        content: contentOf(message),
        context: contextOf(message, { ...party, member: null }, null),
        live: true,
        platformAt: timeOf(message["timestamp"]),
      };
  }
}

/** What was done to an earlier message; null when it does not say to which. */
function changed(
  { message, party, contact }: Arrived,
  author: "client" | "operator",
): ChannelEvent | null {
  const reaction = fieldsOf(message["reaction"]);
  const edit = fieldsOf(message["edit"]);
  const original = { ...reaction, ...edit, ...fieldsOf(message["revoke"]) };
  const messageId = idOf(original["original_message_id"]) ?? idOf(original["message_id"]);
  if (messageId === null) return null;
  switch (message["type"]) {
    case "reaction": {
      const emoji = labelOf(reaction["emoji"]);
      const id = author === "client" ? (party.member?.id ?? party.identity) : "business";
      const sender = { id, name: author === "client" ? contact.name : null };
      return { type: "reaction_changed", messageId, sender, emoji: emoji === null ? [] : [emoji] };
    }
    case "edit": {
      const content = contentOf(fieldsOf(edit["message"]));
      const platformAt = timeOf(message["timestamp"]);
      return { type: "message_edited", messageId, author, content, platformAt };
    }
    default:
      return { type: "messages_deleted", messageIds: [messageId] };
  }
}

/** A line of WhatsApp's own: the customer has another number now, or another phone. */
function systemLine({ id, message }: Arrived): ChannelEvent {
  const system = fieldsOf(message["system"]);
  const moved = idOf(system["wa_id"]) ?? idOf(system["new_wa_id"]);
  if (moved !== null && /changed_number/.test(labelOf(system["type"]) ?? ""))
    return { type: "conversation_moved", address: addressOf(moved, "phone") };
  const text = textOf(system["body"]);
  const what = labelOf(system["type"]) ?? "system";
  const content = { text, parts: text === "" ? [{ type: "unsupported" as const, what }] : [] };
  return { type: "side_message", messageId: id, kind: "system", operatorId: null, content };
}

/** The customer as the change's `contacts` describe them; the number and the id of the message itself where they do not. */
function profileOf(contacts: unknown, { phone, userId }: Party): ContactProfile {
  const own = listOf(contacts)
    .map(fieldsOf)
    .find((contact) => {
      const [waId, id] = [idOf(contact["wa_id"]), idOf(contact["user_id"])];
      return (waId !== null && waId === phone) || (id !== null && id === userId);
    });
  const profile = fieldsOf(own?.["profile"]);
  const number = phone !== null && /^\d+$/.test(phone) ? `+${phone}` : phone;
  return {
    name: labelOf(profile["name"]),
    assignedName: null,
    phone: number,
    username: labelOf(profile["username"]),
    externalId: userId ?? idOf(own?.["user_id"]),
  };
}
