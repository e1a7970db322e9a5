import type { z } from "zod";
import type { ChannelEvent, ContactChanged, TagChanged } from "../../message/event.ts";
import { platformTime, profileOf } from "./content.ts";
import type { JsonId } from "./fields.ts";
import type {
  clientHook,
  clientTagHook,
  closeDialogHook,
  closeRequestHook,
  newRequestHook,
  operatorHook,
  outboxStatusHook,
  requestTagHook,
  transferHook,
} from "./hooks.ts";
import { contentPart, type Occurrence } from "./keys.ts";

/** What a hook says: an event, whose it is, and what tells it from others. */
export type Mapped = {
  readonly event: ChannelEvent;
  /** Null: no customer is named, it belongs to the origin. */
  readonly client: JsonId | null;
  readonly time: string | null;
  readonly parts: Occurrence["parts"];
};

/** The messenger refused a message after Chat2Desk had accepted it. */
export function deliveryFailed(hook: z.infer<typeof outboxStatusHook>): Mapped {
  const { client_id: client, message_id: sent } = hook.data;
  return {
    event: {
      type: "receipt",
      status: "failed",
      of: { kind: "message", messageId: sent.value },
      detail: null,
    },
    client,
    time: hook.event_time,
    parts: [client.value, sent.value],
  };
}

/** A client was made, changed or blacklisted; the top-level `id` is the client. */
export function contactChanged(
  hook: z.infer<typeof clientHook>,
  change: ContactChanged["change"],
): Mapped {
  const profile = profileOf(hook);
  // Two updates of one client within a second differ in what they say.
  const said = contentPart([profile.name, profile.assignedName, profile.phone, profile.externalId]);
  return {
    event: { type: "contact_changed", change, profile },
    client: hook.id,
    time: hook.event_time,
    parts: [hook.id.value, said],
  };
}

/** A tag was put on a client or taken off; the top-level `id` is the tag. */
export function clientTag(
  hook: z.infer<typeof clientTagHook>,
  change: TagChanged["change"],
): Mapped {
  return {
    event: { type: "tag_changed", change, tagId: hook.id.value, on: { kind: "contact" } },
    client: hook.client_id,
    time: hook.event_time,
    parts: [hook.id.value, hook.client_id.value],
  };
}

/** A tag was put on a request or taken off; the client need not be named. */
export function requestTag(
  hook: z.infer<typeof requestTagHook>,
  change: TagChanged["change"],
): Mapped {
  const requestId = hook.request_id.value;
  return {
    event: {
      type: "tag_changed",
      change,
      tagId: hook.id.value,
      on: { kind: "request", requestId },
    },
    client: hook.client_id,
    time: hook.event_time,
    parts: [hook.id.value, requestId],
  };
}

/** A request was opened, by the client or for a rating. */
export function requestOpened(hook: z.infer<typeof newRequestHook>): Mapped {
  const requestId = hook.request.value;
  const kind = hook.type === "common" || hook.type === "rating" ? hook.type : "other";
  return {
    event: { type: "request_opened", requestId, kind },
    client: hook.client_id,
    time: hook.event_time,
    parts: [requestId],
  };
}

/** A request was closed; without a client it only ends the request. */
export function requestClosed(hook: z.infer<typeof closeRequestHook>): Mapped {
  const requestId = hook.request_id.value;
  return {
    event: {
      type: "conversation_released",
      by: "request",
      requestId,
      platformAt: platformTime(hook.event_time),
    },
    client: hook.client_id,
    time: hook.event_time,
    parts: [requestId],
  };
}

/** The operators closed their dialog with a client. */
export function dialogClosed(hook: z.infer<typeof closeDialogHook>): Mapped {
  return {
    event: {
      type: "conversation_released",
      by: "dialog",
      requestId: hook.request_id,
      platformAt: platformTime(hook.event_time),
    },
    client: hook.client_id,
    time: hook.event_time,
    parts: [hook.client_id.value, hook.dialog_id ?? ""],
  };
}

/** A dialog went to another operator, or to nobody. */
export function transferred(hook: z.infer<typeof transferHook>): Mapped {
  return {
    event: {
      type: "conversation_transferred",
      operatorId: hook.operator_id,
      platformAt: platformTime(hook.event_time),
    },
    client: hook.client_id,
    time: hook.event_time,
    parts: [hook.client_id.value, hook.dialog_id ?? "", hook.operator_id ?? ""],
  };
}

/** An operator came, left or went busy; the top-level `id` is the operator. */
export function operatorChanged(hook: z.infer<typeof operatorHook>): Mapped {
  const { email, online } = hook;
  const status = hook.offline_type ?? hook.status_id;
  return {
    event: { type: "operator_changed", operatorId: hook.id.value, email, online, status },
    client: null,
    time: hook.event_time,
    parts: [hook.id.value, String(online), status ?? ""],
  };
}
