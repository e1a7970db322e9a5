import { type Account, credential } from "../../account.ts";
import type { ReadEvent, WebhookBody } from "../../channel.ts";
import { type Fields, fieldsOf, idOf, listOf, timeOf } from "../fields.ts";
import { contentPart, ignored, momentKey } from "../keys.ts";
import { type Item, readers } from "./happenings.ts";

/** What tells the two products apart in a webhook. */
export type Inbox = {
  readonly object: "page" | "instagram";
  /** The credential with the id of the page or of the account. */
  readonly idField: string;
};

/**
 * Splits a webhook: `entry[]` × `messaging[]`, `standby[]` and `changes[]`, each item one event or, for receipts that name several
 * messages, several. Never throws. The reasons for ignoring are a closed set: `not_<object>`, `other_account`, `not_used: changes`
 * and `invalid: <field>`.
 */
export function createReader(inbox: Inbox) {
  return ({ json }: WebhookBody, account: Account): readonly ReadEvent[] => {
    if (json["object"] !== inbox.object) return [ignored(json, `not_${inbox.object}`)];
    const own = credential(account, inbox.idField);
    const events = listOf(json["entry"]).flatMap((entry) => readEntry(fieldsOf(entry), own));
    return events.length === 0 ? [ignored(json, "invalid: entry")] : events;
  };
}

function readEntry(entry: Fields, own: string): readonly ReadEvent[] {
  const business = idOf(entry["id"]);
  if (business === null) return [ignored(entry, "invalid: id")];
  // An app's webhooks come to one address: other pages are other origins' business.
  if (business !== own) return [ignored(entry, "other_account")];
  const events = [
    ...listOf(entry["messaging"]).flatMap((item) => readItem(item, { business, standby: false })),
    ...listOf(entry["standby"]).flatMap((item) => readItem(item, { business, standby: true })),
    // Comments and mentions under posts are no conversation.
    ...listOf(entry["changes"]).map((change) => ignored(change, "not_used: changes")),
  ];
  return events.length === 0 ? [ignored(entry, "invalid: messaging")] : events;
}

function readItem(
  given: unknown,
  { business, standby }: Pick<Item, "business" | "standby">,
): readonly ReadEvent[] {
  const fields = fieldsOf(given);
  const customer = customerOf(fields, business);
  if (customer === null) return [ignored(given, "invalid: sender")];
  const item = { fields, customer, business, standby, at: timeOf(fields["timestamp"]) };
  const kind = [...readers.keys()].find((known) => fields[known] !== undefined);
  const happenings = kind === undefined ? [systemLine(item)] : readers.get(kind)?.(item);
  const subject = { kind: "client", identity: customer } as const;
  if (happenings === undefined || happenings.length === 0)
    return [ignored(given, `invalid: ${kind ?? "item"}`)];
  return happenings.map((happening) => ({ ...happening, subject }));
}

/** Of the two ends, the one that is not the business; echoes go the other way round. */
function customerOf(fields: Fields, business: string): string | null {
  const sender = idOf(fieldsOf(fields["sender"])["id"]);
  const recipient = idOf(fieldsOf(fields["recipient"])["id"]);
  const echo = fieldsOf(fields["message"])["is_echo"] === true;
  const customer = echo || sender === business ? recipient : sender;
  return customer === business ? null : customer;
}

/** What every item has; the rest names its kind. */
const frame: ReadonlySet<string> = new Set(["sender", "recipient", "timestamp"]);
const whatLengthMax = 64;

/**
 * Everything else that happens in a conversation (a referral, an opt-in, a thread that passes to another app, what comes next
 * year) is a line in it, shown by the platform's word and answered by nobody.
 */
function systemLine(item: Item) {
  const word = Object.keys(item.fields).find((name) => !frame.has(name)) ?? "empty";
  const what = word.toWellFormed().replaceAll("\0", "").slice(0, whatLengthMax);
  const key = momentKey(item.at, "x", item.customer, what, contentPart(item.fields));
  const content = { text: "", parts: [{ type: "unsupported", what }] } as const;
  const event = {
    type: "side_message",
    messageId: key.key,
    kind: "system",
    operatorId: null,
    content,
  } as const;
  return { key, event };
}
