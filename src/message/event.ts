import type { Content, ReplyAddress } from "./message.ts";

/**
 * What a platform can tell us, in the channels' common language. The pipeline switches over `type` exhaustively;
 * what an adapter cannot map never becomes a ChannelEvent, it is journaled as ignored with a reason.
 */
export type ChannelEvent =
  | ClientMessage
  | OutboundMessage
  | SideMessage
  | DeliveryFailed
  | ContactChanged
  | TagChanged
  | RequestOpened
  | ConversationReleased
  | ConversationTransferred
  | OperatorChanged;

/**
 * When it happened by the platform's own clock, ms; null when it does not say. Only compared with others of the same platform:
 * a redelivery may come hours after what followed it.
 */
export type PlatformTime = number | null;

/** The customer wrote. `imported` history is stored but never answered. */
export type ClientMessage = {
  readonly type: "client_message";
  readonly messageId: string;
  readonly content: Content;
  readonly address: ReplyAddress;
  readonly contact: ContactProfile | null;
  readonly requestId: string | null;
  readonly imported: boolean;
};

/**
 * A message went to the customer: our own send coming back, another program's, or an operator's.
 * `live` is false for imported history, which silences nobody. Only `author: "operator"` that is not ours silences the bot.
 */
export type OutboundMessage = {
  readonly type: "outbound_message";
  readonly messageId: string;
  readonly author: "operator" | "automatic";
  readonly operatorId: string | null;
  readonly content: Content;
  readonly live: boolean;
  readonly platformAt: PlatformTime;
};

/** An operator's internal note or a service line of the platform. */
export type SideMessage = {
  readonly type: "side_message";
  readonly messageId: string;
  readonly kind: "note" | "system";
  readonly operatorId: string | null;
  readonly content: Content;
};

/** A message that we or an operator sent did not reach the customer after all. */
export type DeliveryFailed = { readonly type: "delivery_failed"; readonly messageId: string };

export type ContactProfile = {
  readonly name: string | null;
  readonly assignedName: string | null;
  /** The true number; never the transport's prefixed nickname. */
  readonly phone: string | null;
  readonly externalId: string | null;
};

export type ContactChanged = {
  readonly type: "contact_changed";
  readonly change: "created" | "updated" | "blacklisted";
  readonly profile: ContactProfile;
};

export type TagChanged = {
  readonly type: "tag_changed";
  readonly change: "added" | "removed";
  readonly tagId: string;
  readonly on:
    | { readonly kind: "contact" }
    | { readonly kind: "request"; readonly requestId: string };
};

export type RequestOpened = {
  readonly type: "request_opened";
  readonly requestId: string;
  readonly kind: "common" | "rating" | "other";
};

/** A dialog or a request was closed: operators are done, the bot may speak again. */
export type ConversationReleased = {
  readonly type: "conversation_released";
  readonly by: "dialog" | "request";
  readonly requestId: string | null;
  readonly platformAt: PlatformTime;
};

/** `operatorId` null means the dialog went to nobody in particular, which silences nobody. */
export type ConversationTransferred = {
  readonly type: "conversation_transferred";
  readonly operatorId: string | null;
  readonly platformAt: PlatformTime;
};

export type OperatorChanged = {
  readonly type: "operator_changed";
  readonly operatorId: string;
  readonly email: string | null;
  readonly online: boolean;
  readonly status: string | null;
};
