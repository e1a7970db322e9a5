import type { ChannelEvent, PlatformTime } from "../../../message/event.ts";
import type { EventKey } from "../../channel.ts";
import {
  type Fields,
  fieldsOf,
  idOf,
  labelOf,
  listOf,
  numberOf,
  textOf,
  timeOf,
} from "../fields.ts";
import { contentPart, idKey, momentKey } from "../keys.ts";
import { contentOf, contextOf, postbackOf } from "./content.ts";

/** One item of `messaging[]` or `standby[]`, and what is known of it before its kind is. */
export type Item = {
  readonly fields: Fields;
  /** The customer's page- or account-scoped id. */
  readonly customer: string;
  /** The page or the account. */
  readonly business: string;
  readonly at: PlatformTime;
  /** Another app of the business is talking with the customer. */
  readonly standby: boolean;
};

export type Happening = { readonly key: EventKey; readonly event: ChannelEvent };

/** The kinds that say something; each reads its own field. None, when the field lacks what it cannot be without. */
export const readers: ReadonlyMap<string, (item: Item) => readonly Happening[]> = new Map([
  ["message", readMessage],
  ["message_edit", readEdit],
  ["postback", readPostback],
  ["reaction", readReaction],
  ["delivery", (item: Item) => readReceipt(item, "delivery")],
  ["read", (item: Item) => readReceipt(item, "read")],
]);

/** Apps of Meta's own in which people answer; an echo without an app was written by a person on Facebook or Instagram itself. */
const inboxApps: ReadonlySet<string | null> = new Set([
  null,
  "263902037430900",
  "1217981644879628",
]);

function readMessage(item: Item): readonly Happening[] {
  const message = fieldsOf(item.fields["message"]);
  const id = idOf(message["mid"]);
  if (id === null) return [];
  if (message["is_deleted"] === true)
    return [{ key: idKey("del", id), event: { type: "messages_deleted", messageIds: [id] } }];
  return message["is_echo"] === true
    ? [{ key: idKey("e", id), event: echoOf(item, id, message) }]
    : [{ key: idKey("m", id), event: saidBy(item, id, message) }];
}

function saidBy(item: Item, messageId: string, message: Fields): ChannelEvent {
  return {
    type: "client_message",
    messageId,
    content: contentOf(message),
    context: contextOf(message),
    ...answeredAt(item),
  };
}

function answeredAt({ customer, standby }: Item) {
  const unanswered = standby ? ("standby" as const) : null;
  return { address: customer, contact: null, requestId: null, unanswered };
}

function echoOf({ at }: Item, messageId: string, message: Fields): ChannelEvent {
  return {
    type: "outbound_message",
    messageId,
    author: inboxApps.has(idOf(message["app_id"])) ? "operator" : "automatic",
    operatorId: null,
    content: contentOf(message),
    context: contextOf(message),
    live: true,
    platformAt: at,
  };
}

function readEdit({ fields, at }: Item): readonly Happening[] {
  const edit = fieldsOf(fields["message_edit"]);
  const messageId = idOf(edit["mid"]);
  if (messageId === null) return [];
  const turn = numberOf(edit["num_edit"]) ?? at ?? 0;
  const content = { text: textOf(edit["text"]), parts: [] };
  return [
    {
      key: idKey("edit", messageId, String(turn)),
      event: { type: "message_edited", messageId, author: "client", content, platformAt: at },
    },
  ];
}

/** Old postbacks have no id of their own: the moment and what they say name them. */
function readPostback(item: Item): readonly Happening[] {
  const postback = fieldsOf(item.fields["postback"]);
  const id = idOf(postback["mid"]);
  const key =
    id === null ? momentKey(item.at, "p", item.customer, contentPart(postback)) : idKey("m", id);
  const content = postbackOf(postback);
  const messageId = id ?? key.key;
  const said = { type: "client_message" as const, messageId, content, context: null };
  return [{ key, event: { ...said, ...answeredAt(item) } }];
}

function readReaction({ fields, customer, at }: Item): readonly Happening[] {
  const reaction = fieldsOf(fields["reaction"]);
  const messageId = idOf(reaction["mid"]);
  if (messageId === null) return [];
  const shown = labelOf(reaction["emoji"]) ?? labelOf(reaction["reaction"]);
  const emoji = reaction["action"] === "unreact" || shown === null ? [] : [shown];
  const sender = { id: customer, name: null };
  return [
    {
      key: momentKey(at, "r", messageId, customer, contentPart(reaction)),
      event: { type: "reaction_changed", messageId, sender, emoji },
    },
  ];
}

/** Named messages are receipts of their own; a watermark is one for everything up to it. */
function readReceipt({ fields, customer, at }: Item, field: "delivery" | "read") {
  const receipt = fieldsOf(fields[field]);
  const status = field === "read" ? ("read" as const) : ("delivered" as const);
  const named = [...listOf(receipt["mids"]), receipt["mid"]].flatMap((mid) => idOf(mid) ?? []);
  const watermark = timeOf(receipt["watermark"]);
  const told = { type: "receipt" as const, status, detail: null };
  const each = [...new Set(named)].map(
    (messageId): Happening => ({
      key: momentKey(watermark ?? at, "s", messageId, status),
      event: { ...told, of: { kind: "message", messageId } },
    }),
  );
  if (watermark === null) return each;
  const until: Happening = {
    key: momentKey(watermark, "w", customer, status),
    event: { ...told, of: { kind: "until", at: watermark } },
  };
  return [...each, until];
}
