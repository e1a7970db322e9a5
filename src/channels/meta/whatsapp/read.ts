import { type Account, credential } from "../../account.ts";
import type { ReadEvent, WebhookBody } from "../../channel.ts";
import { type Fields, fieldsOf, idOf, listOf } from "../fields.ts";
import { ignored } from "../keys.ts";
import { readEcho, readMessage } from "./messages.ts";
import { readStatus } from "./statuses.ts";

/**
 * Splits a webhook: `entry[]` × `changes[]` × `messages[]`, `statuses[]`, `message_echoes[]`, each item an event of its own.
 * Never throws. The reasons for ignoring are a closed set: `not_whatsapp`, `unknown_field`, `not_used: <field>`, `other_number`,
 * `platform_error`, `unknown_status` and `invalid: <field>`.
 */
export function readWhatsApp({ json }: WebhookBody, account: Account): readonly ReadEvent[] {
  if (json["object"] !== "whatsapp_business_account") return [ignored(json, "not_whatsapp")];
  const events = listOf(json["entry"]).flatMap((entry) => {
    const changes = listOf(fieldsOf(entry)["changes"]);
    if (changes.length === 0) return [ignored(entry, "invalid: changes")];
    return changes.flatMap((change) => readChange(fieldsOf(change), account));
  });
  return events.length === 0 ? [ignored(json, "invalid: entry")] : events;
}

/** What a business account also tells of and no conversation needs. */
const unused: ReadonlySet<unknown> = new Set([
  "account_alerts",
  "account_review_update",
  "account_settings_update",
  "account_update",
  "automatic_events",
  "business_capability_update",
  "business_status_update",
  "calls",
  "flows",
  "group_lifecycle_update",
  "group_participants_update",
  "group_settings_update",
  "group_status_update",
  "history",
  "message_template_components_update",
  "message_template_quality_update",
  "message_template_status_update",
  "messaging_handovers",
  "partner_solutions",
  "payment_configuration_update",
  "phone_number_name_update",
  "phone_number_quality_update",
  "security",
  "smb_app_state_sync",
  "template_category_update",
  "tracking_events",
  "user_preferences",
]);

function readChange(change: Fields, account: Account): readonly ReadEvent[] {
  const { field } = change;
  const value = fieldsOf(change["value"]);
  if (unused.has(field)) return [ignored(change, `not_used: ${String(field)}`)];
  if (field !== "messages" && field !== "smb_message_echoes")
    return [ignored(change, "unknown_field")];
  const number = idOf(fieldsOf(value["metadata"])["phone_number_id"]);
  if (number === null) return [ignored(change, "invalid: metadata")];
  // An app's webhooks come to one address unless a number has its own: other numbers are other origins' business.
  if (number !== credential(account, "phone-number-id")) return [ignored(change, "other_number")];
  const events = readValue(value);
  return events.length === 0 ? [ignored(change, "invalid: value")] : events;
}

function readValue(value: Fields): readonly ReadEvent[] {
  const { contacts } = value;
  return [
    ...listOf(value["messages"]).map((message) => readMessage(message, contacts)),
    ...listOf(value["message_echoes"]).map((message) => readEcho(message, contacts)),
    ...listOf(value["statuses"]).map(readStatus),
    ...listOf(value["errors"]).map((error) => ignored(error, "platform_error")),
  ];
}
