import { z } from "zod";
import {
  coordinates,
  flag,
  id,
  optionalId,
  optionalIdText,
  optionalLabel,
  optionalUrl,
  optionalWord,
  text,
  word,
  wordOr,
} from "./fields.ts";

/**
 * The bodies of Chat2Desk's hooks, as far as they are used. What is unknown is left out, what is missing or of the wrong kind
 * fails with the field's name. The same top-level `id` is a client, a tag, an operator or a request, depending on the hook.
 */

/** Attachments of one message that are kept. */
const attachmentsMax = 50;

const profile = {
  phone: optionalLabel,
  client_phone: optionalLabel,
  name: optionalLabel,
  assigned_name: optionalLabel,
  external_id: optionalLabel,
};

const eventTime = { event_time: optionalLabel };

const message = z.object({
  ...eventTime,
  message_id: id,
  client_id: id,
  channel_id: optionalId,
  transport: optionalWord,
  operator_id: optionalIdText,
  request_id: optionalIdText,
  text,
  photo: optionalUrl,
  audio: optionalUrl,
  video: optionalUrl,
  pdf: optionalUrl,
  attachments: z
    .array(z.object({ name: optionalLabel, link: optionalUrl }))
    .nullish()
    .transform((items) => (items ?? []).slice(0, attachmentsMax)),
  coordinates,
  client: z
    .object(profile)
    .nullish()
    .transform((found) => found ?? null),
});

/** Messages whose hook already says who wrote: a missing type costs nobody a reply. */
export const inboxHook = message.extend({ type: wordOr("from_client") });
export const commentHook = message.extend({ type: wordOr("comment") });
export const systemMessageHook = message.extend({ type: wordOr("system") });

/** `outbox` and `imported_message`, where only the type tells whose message it is. */
export const typedMessageHook = message.extend({ type: word });

export type MessageHook = z.infer<typeof typedMessageHook>;

export const outboxStatusHook = z.object({
  ...eventTime,
  data: z.object({ client_id: id, message_id: id }),
});

export const clientHook = z.object({ ...eventTime, ...profile, id });

export type Profile = Pick<z.infer<typeof clientHook>, keyof typeof profile>;

export const clientTagHook = z.object({ ...eventTime, id, client_id: id });
export const requestTagHook = z.object({ ...eventTime, id, request_id: id, client_id: optionalId });

/** Custom scripts of the platform name the request `id`. */
export const newRequestHook = z
  .object({
    ...eventTime,
    request_id: optionalId,
    id: optionalId,
    client_id: optionalId,
    type: optionalWord,
  })
  .transform((hook, context) => {
    const request = hook.request_id ?? hook.id;
    if (request !== null) return { ...hook, request };
    context.addIssue({ code: "custom", message: "missing", path: ["request_id"] });
    return z.NEVER;
  });

export const closeRequestHook = z.object({ ...eventTime, request_id: id, client_id: optionalId });
export const closeDialogHook = z.object({
  ...eventTime,
  client_id: id,
  dialog_id: optionalIdText,
  request_id: optionalIdText,
});

export const transferHook = z.object({
  ...eventTime,
  client_id: id,
  dialog_id: optionalIdText,
  operator_id: optionalIdText,
});

export const operatorHook = z.object({
  ...eventTime,
  id,
  email: optionalLabel,
  online: flag,
  offline_type: optionalLabel,
  status_id: optionalLabel,
});
