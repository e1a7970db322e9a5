import type { FileKind } from "../message/message.ts";
import type { OutgoingKind } from "../message/outgoing.ts";

/** What a platform does not have, and why: a sentence for people. */
export type Unsupported = { readonly unsupported: string };

export type Support = "supported" | Unsupported;

/** What can come in, by the words of the common format. */
export const incomingKinds = [
  "text",
  "image",
  "video",
  "audio",
  "voice",
  "file",
  "sticker",
  "location",
  "contact",
  "press",
  "reply",
  "reaction",
  "edit",
  "deletion",
  "receipt_sent",
  "receipt_delivered",
  "receipt_read",
  "receipt_failed",
  "echo",
  "reachability",
  "group",
  "unsupported",
] as const satisfies readonly (FileKind | string)[];
export type IncomingKind = (typeof incomingKinds)[number];

/** What can go out. */
export const outgoingKinds = [
  "text",
  "image",
  "video",
  "audio",
  "voice",
  "file",
  "sticker",
  "location",
  "contact",
  "template",
] as const satisfies readonly OutgoingKind[];

/** How words can go out. */
export const outgoingManners = ["html", "buttons", "reply"] as const;
export type OutgoingManner = (typeof outgoingManners)[number];

/** Every cell is tested by the conformance suite, or says why there is nothing to test. */
export type Capabilities = {
  readonly incoming: Readonly<Record<IncomingKind, Support>>;
  readonly outgoing: Readonly<Record<OutgoingKind | OutgoingManner, Support>>;
  /** How long after the customer's last message anything but a template may be sent, ms. */
  readonly replyWindowMs: number | Unsupported;
};

/** Whether an optional part of a channel is there. */
export function isSupported<Part extends object>(part: Part | Unsupported): part is Part {
  return !("unsupported" in part);
}
