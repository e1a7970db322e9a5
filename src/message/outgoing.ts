import type { ButtonRows, FileKind, ReplyAddress } from "./message.ts";

/** What can be sent, in the common format. Which of it a channel sends is told by its capabilities. */
export type OutgoingContent =
  | OutgoingText
  | OutgoingFile
  | OutgoingLocation
  | OutgoingContact
  | OutgoingTemplate;

/** Words; `html` uses the few tags that `message/html.ts` lets through, everything else is shown as it is written. */
export type OutgoingText = {
  readonly type: "text";
  readonly text: string;
  readonly format: "plain" | "html";
  readonly buttons: ButtonRows;
  /** The platform's id of the message that this one answers. */
  readonly replyTo: string | null;
};

/**
 * A file that the platform fetches from `url`, with a caption in plain text. One that we keep is queued as `media:<id>`; channels are
 * given the address that stands for it.
 */
export type OutgoingFile = {
  readonly type: FileKind;
  readonly url: string;
  readonly name: string | null;
  readonly caption: string;
};

export type OutgoingLocation = {
  readonly type: "location";
  readonly latitude: number;
  readonly longitude: number;
  readonly name: string | null;
  readonly address: string | null;
};

export type OutgoingContact = {
  readonly type: "contact";
  readonly name: string;
  readonly phone: string;
};

/** A message that the platform has approved beforehand, with the values of its body's places. */
export type OutgoingTemplate = {
  readonly type: "template";
  readonly name: string;
  readonly language: string;
  readonly values: readonly string[];
};

export type OutgoingKind = OutgoingContent["type"];

/** A message of plain words. */
export function plainText(text: string): OutgoingText {
  return { type: "text", text, format: "plain", buttons: [], replyTo: null };
}

/** The words of a message, as far as it has any: what a conversation shows of it. */
export function wordsOf(content: OutgoingContent): string {
  switch (content.type) {
    case "text":
      return content.text;
    case "location":
      return [content.name, content.address].filter((part) => part !== null).join(", ");
    case "contact":
      return `${content.name} ${content.phone}`;
    case "template":
      return content.values.join(" ");
    default:
      return content.caption;
  }
}

/** A delivery as the outbox keeps it. Plain words are by far the most, so they are written short. */
type StoredBody =
  | { readonly a: ReplyAddress; readonly t: string }
  | { readonly a: ReplyAddress; readonly c: OutgoingContent };

export type Delivered = { readonly address: ReplyAddress; readonly content: OutgoingContent };

/** Writes a delivery for the outbox. */
export function writeDelivery({ address, content }: Delivered): string {
  const body: StoredBody = isPlain(content)
    ? { a: address, t: content.text }
    : { a: address, c: content };
  return JSON.stringify(body);
}

/** Reads what `writeDelivery` wrote; our own writing, so it is read without a second check. */
export function readDelivery(text: string): Delivered {
  const body: StoredBody = JSON.parse(text);
  return { address: body.a, content: "c" in body ? body.c : plainText(body.t) };
}

function isPlain(content: OutgoingContent): content is OutgoingText {
  return (
    content.type === "text" &&
    content.format === "plain" &&
    content.buttons.length === 0 &&
    content.replyTo === null
  );
}
