import type { ChannelEvent } from "../../message/event.ts";
import { addressOf } from "./address.ts";
import { contentOf, platformTime, profileOf } from "./content.ts";
import type { MessageHook } from "./hooks.ts";

/** The customer wrote; `imported` when another program brought the message in later. */
export function clientMessage(hook: MessageHook, imported: boolean): ChannelEvent {
  return {
    type: "client_message",
    messageId: hook.message_id.value,
    content: contentOf(hook),
    context: null,
    address: addressOf(hook),
    contact: hook.client === null ? null : profileOf(hook.client),
    requestId: hook.request_id,
    unanswered: imported ? "imported" : null,
  };
}

/** Something went to the customer; `live` is false for history that was brought in. */
export function outboundMessage(hook: MessageHook, live: boolean): ChannelEvent {
  return {
    type: "outbound_message",
    messageId: hook.message_id.value,
    // Autoreplies of the platform carry other types; what API programs send has no operator.
    author: hook.type === "to_client" && hook.operator_id !== null ? "operator" : "automatic",
    operatorId: hook.operator_id,
    content: contentOf(hook),
    context: null,
    live,
    platformAt: platformTime(hook.event_time),
  };
}

/** History: whose message it was is told by its type alone. */
export function importedMessage(hook: MessageHook): ChannelEvent {
  return hook.type === "from_client" ? clientMessage(hook, true) : outboundMessage(hook, false);
}

/** A note between operators or a line of the platform; the customer saw neither. */
export function sideMessage(hook: MessageHook, kind: "note" | "system"): ChannelEvent {
  return {
    type: "side_message",
    messageId: hook.message_id.value,
    kind,
    operatorId: hook.operator_id,
    content: contentOf(hook),
  };
}
