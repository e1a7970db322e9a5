import type { ContactProfile } from "../../message/event.ts";
import type { Attachment, AttachmentKind, Content } from "../../message/message.ts";
import type { MessageHook, Profile } from "./hooks.ts";

/** A message's text, files and place. Chat2Desk names the usual kinds of file by field and lists any others. */
export function contentOf(hook: MessageHook): Content {
  const named = [
    ...attachment("image", hook.photo, null),
    ...attachment("audio", hook.audio, null),
    ...attachment("video", hook.video, null),
    ...attachment("file", hook.pdf, null),
  ];
  const listed = hook.attachments.flatMap(({ link, name }) => attachment("file", link, name));
  return { text: hook.text, attachments: [...named, ...listed], location: hook.coordinates };
}

function attachment(
  kind: AttachmentKind,
  url: string | null,
  name: string | null,
): readonly Attachment[] {
  return url === null ? [] : [{ kind, url, name }];
}

/** The customer as the platform describes them. */
export function profileOf(profile: Profile): ContactProfile {
  return {
    name: profile.name,
    assignedName: profile.assigned_name,
    phone: phoneOf(profile.client_phone) ?? phoneOf(profile.phone),
    externalId: profile.external_id,
  };
}

const phoneNumber = /^\+?[\p{Nd}\s().-]{3,40}$/u;

/** `phone` often holds a nickname of the transport, as in `[tg] 807892`: that is no number anybody can call. */
function phoneOf(value: string | null): string | null {
  const trimmed = value?.trim() ?? "";
  return phoneNumber.test(trimmed) && /\p{Nd}/u.test(trimmed) ? trimmed : null;
}

/** `event_time` as ms since the epoch; null when it is absent or no time. */
export function platformTime(eventTime: string | null): number | null {
  const at = eventTime === null ? Number.NaN : Date.parse(eventTime);
  return Number.isNaN(at) ? null : at;
}
