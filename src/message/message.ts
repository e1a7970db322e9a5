/**
 * The common message format: what every channel maps to and every dialog reads. It knows no platform.
 * Ids are strings everywhere; text is storable (see `core/text.ts`).
 */

export type AttachmentKind = "image" | "audio" | "video" | "file";

export type Attachment = {
  readonly kind: AttachmentKind;
  readonly url: string;
  readonly name: string | null;
};

export type Content = {
  /** Text or caption as the customer wrote it, "" when there is none. */
  readonly text: string;
  readonly attachments: readonly Attachment[];
  /** The platform's own writing of a place, because Chat2Desk does not document a format. */
  readonly location: string | null;
};

/** A JSON scalar that must leave as it arrived: `17` or `"17"`, digits exact beyond 2^53. */
export type JsonId = { readonly value: string; readonly type: "number" | "string" };

/** Where an answer goes: read from the conversation's last message, opaque to everything but the channel. */
export type ReplyAddress = {
  readonly client: JsonId;
  readonly channel: JsonId | null;
  readonly transport: string | null;
};
