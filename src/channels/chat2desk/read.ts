import type { z } from "zod";
import type { Subject } from "../../core/ids.ts";
import type { ChannelEvent } from "../../message/event.ts";
import type { ReadEvent, WebhookBody } from "../channel.ts";
import type { JsonId } from "./fields.ts";
import {
  clientHook,
  clientTagHook,
  closeDialogHook,
  closeRequestHook,
  commentHook,
  inboxHook,
  type MessageHook,
  newRequestHook,
  operatorHook,
  outboxStatusHook,
  requestTagHook,
  systemMessageHook,
  transferHook,
  typedMessageHook,
} from "./hooks.ts";
import { bodyKey, messageKey, occurrenceKey } from "./keys.ts";
import { clientMessage, importedMessage, outboundMessage, sideMessage } from "./messages.ts";
import {
  clientTag,
  contactChanged,
  deliveryFailed,
  dialogClosed,
  type Mapped,
  operatorChanged,
  requestClosed,
  requestOpened,
  requestTag,
  transferred,
} from "./occurrences.ts";

type Body = Readonly<Record<string, unknown>>;
type Reader = (hookType: string, body: Body, raw: Uint8Array) => ReadEvent;

/**
 * Reads one webhook body, which is one event on this platform. Never throws; the reasons for ignoring are a closed set:
 * `unknown_hook_type`, `not_used: <hook type>` and `invalid: <field>`.
 */
export function readHook({ json: body, raw }: WebhookBody): readonly ReadEvent[] {
  const hookType = body["hook_type"];
  if (typeof hookType !== "string" || hookType === "") return [ignored(raw, "invalid: hook_type")];
  if (unused.has(hookType)) return [ignored(raw, `not_used: ${hookType}`)];
  const reader = readers.get(hookType);
  return [reader === undefined ? ignored(raw, "unknown_hook_type") : reader(hookType, body, raw)];
}

/** Hooks that Chat2Desk sends and nothing here needs. */
const unused: ReadonlySet<string> = new Set([
  "new_qr_code",
  "new_ticket",
  "ticket_updated",
  "ticket_deleted",
]);

const readers: ReadonlyMap<string, Reader> = new Map([
  ["inbox", message(inboxHook, (hook) => clientMessage(hook, false))],
  ["outbox", message(typedMessageHook, (hook) => outboundMessage(hook, true))],
  ["imported_message", message(typedMessageHook, importedMessage)],
  ["comment", message(commentHook, (hook) => sideMessage(hook, "note"))],
  ["system_message", message(systemMessageHook, (hook) => sideMessage(hook, "system"))],
  ["outbox_status", occurrence(outboxStatusHook, deliveryFailed)],
  ["new_client", occurrence(clientHook, (hook) => contactChanged(hook, "created"))],
  ["client_updated", occurrence(clientHook, (hook) => contactChanged(hook, "updated"))],
  [
    "client_added_to_blacklist",
    occurrence(clientHook, (hook) => contactChanged(hook, "blacklisted")),
  ],
  ["add_tag_to_client", occurrence(clientTagHook, (hook) => clientTag(hook, "added"))],
  ["delete_tag_from_client", occurrence(clientTagHook, (hook) => clientTag(hook, "removed"))],
  ["add_tag_to_request", occurrence(requestTagHook, (hook) => requestTag(hook, "added"))],
  ["delete_tag_from_request", occurrence(requestTagHook, (hook) => requestTag(hook, "removed"))],
  ["new_request", occurrence(newRequestHook, requestOpened)],
  ["close_request", occurrence(closeRequestHook, requestClosed)],
  ["close_dialog", occurrence(closeDialogHook, dialogClosed)],
  ["dialog_transferred", occurrence(transferHook, transferred)],
  ["operator_status_updated", occurrence(operatorHook, operatorChanged)],
  ["operator_status_changed", occurrence(operatorHook, operatorChanged)],
]);

function message(schema: z.ZodType<MessageHook>, map: (hook: MessageHook) => ChannelEvent): Reader {
  return parsing(schema, (hookType, hook) => ({
    key: messageKey(hookType, hook.type, hook.message_id),
    subject: subjectOf(hook.client_id),
    event: map(hook),
  }));
}

function occurrence<Hook>(schema: z.ZodType<Hook>, map: (hook: Hook) => Mapped): Reader {
  return parsing(schema, (hookType, hook, raw) => {
    const { event, client, time, parts } = map(hook);
    return {
      key: occurrenceKey({ hookType, time, parts }, raw),
      subject: subjectOf(client),
      event,
    };
  });
}

function parsing<Hook>(
  schema: z.ZodType<Hook>,
  read: (hookType: string, hook: Hook, raw: Uint8Array) => ReadEvent,
): Reader {
  return (hookType, body, raw) => {
    const parsed = schema.safeParse(body);
    return parsed.success
      ? read(hookType, parsed.data, raw)
      : ignored(raw, `invalid: ${faultyField(parsed.error)}`);
  };
}

/** The body's digest names what is ignored: a field that we cannot read must not block a good event of the same id. */
function ignored(raw: Uint8Array, reason: string): ReadEvent {
  return { key: bodyKey(raw), ignored: reason };
}

/** Only names that stand in our schemas, never what the sender wrote. */
function faultyField(error: z.ZodError): string {
  const path = error.issues[0]?.path ?? [];
  return path.filter((part) => typeof part === "string").join(".") || "body";
}

function subjectOf(client: JsonId | null): Subject {
  return client === null ? { kind: "origin" } : { kind: "client", identity: client.value };
}
