import { parseJson } from "../../../core/json.ts";
import type { ReplyAddress, Sender } from "../../../message/message.ts";
import { type Fields, idOf } from "../fields.ts";

/**
 * Whose conversation a message belongs to. A customer is known by the number where WhatsApp tells it, else by the
 * business-scoped user id (`US.1349…`): people with a username may have no number for us. A group is one conversation.
 */
export type Party = {
  /** The conversation's name: a number, a business-scoped id, or `group:` and its id. */
  readonly identity: string;
  readonly address: ReplyAddress;
  readonly phone: string | null;
  readonly userId: string | null;
  /** Who wrote, in a group. */
  readonly member: Sender | null;
};

/** How the Cloud API is told a recipient of each kind. */
const kinds = { phone: "phone", user: "user", group: "group" } as const;

/** The customer of a message or of a status; null when nothing tells who it is. */
export function partyOf(named: {
  readonly phone: unknown;
  readonly userId: unknown;
  readonly group: unknown;
}): Party | null {
  const phone = idOf(named.phone);
  const userId = idOf(named.userId);
  const group = idOf(named.group);
  const person = phone ?? userId;
  if (group !== null) {
    const member = person === null ? null : { id: person, name: null };
    const address = JSON.stringify([kinds.group, group]);
    return { identity: `group:${group}`, address, phone, userId, member };
  }
  if (person === null) return null;
  const address = addressOf(person, phone === null ? kinds.user : kinds.phone);
  return { identity: person, address, phone, userId, member: null };
}

/** The address of a person. */
export function addressOf(id: string, kind: "phone" | "user"): ReplyAddress {
  return JSON.stringify([kind, id]);
}

/** Where a message goes, in the words of the Cloud API, and the name of the customer's own limit. */
export type Recipient = { readonly fields: Fields; readonly pairKey: string };

/** Reads an address that `partyOf` wrote; null for what is none of WhatsApp. */
export function recipientOf(address: ReplyAddress): Recipient | null {
  const parsed = parseJson(address);
  if (!parsed.ok || !Array.isArray(parsed.value)) return null;
  const [kind, given]: readonly unknown[] = parsed.value;
  const id = idOf(given);
  if (id === null) return null;
  switch (kind) {
    case kinds.phone:
      return { fields: { recipient_type: "individual", to: id }, pairKey: pairKey(id) };
    case kinds.user:
      return { fields: { recipient_type: "individual", recipient: id }, pairKey: pairKey(id) };
    case kinds.group:
      return { fields: { recipient_type: "group", to: id }, pairKey: pairKey(`group:${id}`) };
    default:
      return null;
  }
}

/** The name of the limit that holds between our number and one customer; a scope's key has none of the signs that are left out. */
export function pairKey(identity: string): string {
  return `pair/${identity.replaceAll(/[^\w.+@=-]/g, (sign) => `%${sign.codePointAt(0)}%`)}`;
}
