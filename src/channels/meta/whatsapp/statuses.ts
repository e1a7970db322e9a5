import type { ChannelEvent, ReceiptStatus } from "../../../message/event.ts";
import type { ReadEvent } from "../../channel.ts";
import { failureName } from "../codes.ts";
import { fieldsOf, idOf, listOf, numberOf, timeOf } from "../fields.ts";
import { ignored, momentKey } from "../keys.ts";
import { partyOf } from "./address.ts";
import { whatsAppCodes } from "./codes.ts";

/** WhatsApp's words; it may skip `delivered`, and promises no order. A voice note that was played has been read. */
const receipts: ReadonlyMap<unknown, ReceiptStatus> = new Map<unknown, ReceiptStatus>([
  ["sent", "sent"],
  ["delivered", "delivered"],
  ["read", "read"],
  ["played", "read"],
  ["failed", "failed"],
]);

/** One item of `statuses`: what became of a message of ours. */
export function readStatus(item: unknown): ReadEvent {
  const status = fieldsOf(item);
  const id = idOf(status["id"]);
  const group = status["recipient_type"] === "group" ? status["recipient_id"] : null;
  const party = partyOf({
    phone: group === null ? status["recipient_id"] : status["recipient_participant_id"],
    userId: status["recipient_user_id"],
    group,
  });
  if (id === null) return ignored(item, "invalid: id");
  if (party === null) return ignored(item, "invalid: recipient_id");
  const event = eventOf(id, status);
  if (event === null) return ignored(item, "unknown_status");
  const word = String(status["status"]);
  return {
    key: momentKey(timeOf(status["timestamp"]), "s", id, word, party.member?.id ?? ""),
    subject: { kind: "client", identity: party.identity },
    event,
  };
}

function eventOf(
  messageId: string,
  status: Readonly<Record<string, unknown>>,
): ChannelEvent | null {
  if (status["status"] === "deleted") return { type: "messages_deleted", messageIds: [messageId] };
  const known = receipts.get(status["status"]);
  if (known === undefined) return null;
  const detail = known === "failed" ? failureOf(status["errors"]) : null;
  return { type: "receipt", status: known, of: { kind: "message", messageId }, detail };
}

function failureOf(errors: unknown): string | null {
  const code = numberOf(fieldsOf(listOf(errors)[0])["code"]);
  return code === null ? null : failureName(whatsAppCodes, { code, subcode: null });
}
