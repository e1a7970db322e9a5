import type { JsonRecord } from "../../../fake-platform/exact-json.ts";

/** What somebody says or does, in words of no product; each product writes it in its own. */
export type Speech = {
  readonly text?: string;
  readonly photo?: string;
  readonly video?: string;
  readonly audio?: string;
  readonly voice?: string;
  readonly file?: string;
  readonly sticker?: string;
  readonly location?: { readonly latitude: number; readonly longitude: number };
  readonly contact?: { readonly name: string; readonly phone: string };
  readonly press?: { readonly title: string; readonly data: string; readonly of: string | null };
  /** The message that this one answers. */
  readonly replyTo?: string;
  readonly reaction?: { readonly of: string; readonly emoji: string };
  readonly edit?: { readonly of: string; readonly text: string };
  /** The message that is taken back. */
  readonly revoke?: string;
  /** True for something that the product does not pass on. */
  readonly unsupported?: boolean;
  /** The group in which it is said, where the product has groups. */
  readonly group?: string;
  /** Overwrites fields of the message, for odd cases. */
  readonly fields?: JsonRecord;
};

/** Who says it: a client, the business from its own phone or inbox, or a client while another app has the conversation. */
export type Speaker = "client" | "business" | "standby";

export type Utterance = {
  readonly by: Speaker;
  readonly clientId: string;
  readonly speech: Speech;
  readonly messageId: string;
};

/** What became of a message of ours; `code` when it failed. */
export type Fate = {
  readonly messageId: string;
  readonly clientId: string;
  readonly status: string;
  readonly code: number | null;
  readonly externalId: string | null;
};

/** One item of a webhook, and where in its entry it stands. */
export type Piece = {
  readonly list: "changes" | "messaging" | "standby";
  readonly item: JsonRecord;
  readonly about: PieceSubject;
};

export type PieceSubject = {
  readonly hookType: string;
  readonly clientId: string | null;
  readonly messageId: string | null;
};
