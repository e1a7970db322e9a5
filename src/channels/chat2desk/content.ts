import type { ContactProfile } from "../../message/event.ts";
import type { Content, FileKind, FilePart } from "../../message/message.ts";
import type { MessageHook, Profile } from "./hooks.ts";

/** A message's text, files and place. Chat2Desk names the usual kinds of file by field and lists any others. */
export function contentOf(hook: MessageHook): Content {
  const named = [
    ...filePart("image", hook.photo, null),
    ...filePart("audio", hook.audio, null),
    ...filePart("video", hook.video, null),
    ...filePart("file", hook.pdf, null),
  ];
  const listed = hook.attachments.flatMap(({ link, name }) => filePart("file", link, name));
  const place = hook.coordinates === null ? [] : [hook.coordinates];
  return { text: hook.text, parts: [...named, ...listed, ...place] };
}

/** Chat2Desk's files are plain addresses. */
function filePart(type: FileKind, url: string | null, name: string | null): readonly FilePart[] {
  return url === null ? [] : [{ type, file: url, name, mimeType: null, bytes: null }];
}

/** The customer as the platform describes them. */
export function profileOf(profile: Profile): ContactProfile {
  return {
    name: profile.name,
    assignedName: profile.assigned_name,
    phone: phoneOf(profile.client_phone) ?? phoneOf(profile.phone),
    username: null,
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
