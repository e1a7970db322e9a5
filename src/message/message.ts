/**
 * The common message format: what every channel maps to and every dialog reads. It knows no platform.
 * Ids are strings everywhere; text is storable (see `core/text.ts`).
 */
export type Content = {
  /** Text, caption, or what stands on a pressed button; "" when there is none. */
  readonly text: string;
  /** What else the message is made of, in its order; nearly always nothing. */
  readonly parts: readonly Part[];
};

export type Part =
  | FilePart
  | LocationPart
  | ContactPart
  | ButtonsPart
  | PressPart
  | UnsupportedPart;

export const fileKinds = ["image", "video", "audio", "voice", "file", "sticker"] as const;
export type FileKind = (typeof fileKinds)[number];

export type FilePart = {
  readonly type: FileKind;
  /** Where the bytes are, in the channel's own words: only its `media` reads it. It holds no secret. */
  readonly file: string;
  readonly name: string | null;
  /** As the platform says; the bytes decide. */
  readonly mimeType: string | null;
  readonly bytes: number | null;
};

export type LocationPart = {
  readonly type: "location";
  /** Null when the platform writes places in a way that nobody documents. */
  readonly point: { readonly latitude: number; readonly longitude: number } | null;
  /** Name and address of the place, or the platform's own writing of it. */
  readonly label: string | null;
};

/** A contact card. */
export type ContactPart = {
  readonly type: "contact";
  readonly name: string | null;
  readonly phones: readonly string[];
};

/** Buttons that a message offers, row by row. */
export type ButtonsPart = { readonly type: "buttons"; readonly rows: ButtonRows };

/** A button was pressed; the message's text says which. */
export type PressPart = {
  readonly type: "press";
  /** What the button carries. */
  readonly data: string;
  /** The message that offered it. */
  readonly of: string | null;
};

/** Something that the common format has no word for; `what` is the platform's. It is kept, and shown as such. */
export type UnsupportedPart = { readonly type: "unsupported"; readonly what: string };

/** A reply button carries `data` back when it is pressed, a link opens `url`. */
export type Button =
  | { readonly title: string; readonly data: string }
  | { readonly title: string; readonly url: string };
export type ButtonRows = readonly (readonly Button[])[];

/** What stands around a message, where there is any of it. */
export type MessageContext = {
  /** The platform's id of the message that this one answers. */
  readonly replyTo: string | null;
  /** Messages sent together as one album carry the same name. */
  readonly album: string | null;
  /** Who wrote, where more people than one write in a conversation. */
  readonly sender: Sender | null;
  /** Whose words these are, when somebody passed them on. */
  readonly forwardedFrom: string | null;
};

export type Sender = { readonly id: string; readonly name: string | null };

/**
 * Where an answer goes: written by the channel when it reads a message, and read by nobody else. Ids in it keep their JSON type
 * and digits as the channel writes them.
 */
export type ReplyAddress = string;
