import type { Content, MessageContext, ReplyAddress, Sender } from "./message.ts";

/**
 * What a platform can tell us, in the channels' common language. The pipeline switches over `type` exhaustively;
 * what an adapter cannot map never becomes a ChannelEvent, it is journaled as ignored with a reason.
 */
export type ChannelEvent =
  | ClientMessage
  | OutboundMessage
  | SideMessage
  | MessageEdited
  | MessagesDeleted
  | ReactionChanged
  | Receipt
  | ContactChanged
  | ReachabilityChanged
  | TagChanged
  | RequestOpened
  | ConversationReleased
  | ConversationTransferred
  | ConversationMoved
  | OperatorChanged;

/**
 * When it happened by the platform's own clock, ms; null when it does not say. Only compared with others of the same platform:
 * a redelivery may come hours after what followed it.
 */
export type PlatformTime = number | null;

/** The customer wrote, or pressed a button. */
export type ClientMessage = {
  readonly type: "client_message";
  readonly messageId: string;
  readonly content: Content;
  readonly context: MessageContext | null;
  readonly address: ReplyAddress;
  readonly contact: ContactProfile | null;
  readonly requestId: string | null;
  /** Null for what is answered; else why it is stored and the bot stays silent. */
  readonly unanswered: Unanswered | null;
};

/**
 * `imported` history · `broadcast`, one to many, as in a channel's posts · `automatic`, written by a program · `standby`, another
 * program of the same account is talking.
 */
export type Unanswered = "imported" | "broadcast" | "automatic" | "standby";

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
  readonly context: MessageContext | null;
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

/** A message has other words now; what it said before is kept. `author` counts when the message was not known. */
export type MessageEdited = {
  readonly type: "message_edited";
  readonly messageId: string;
  readonly author: "client" | "operator";
  readonly content: Content;
  readonly platformAt: PlatformTime;
};

/** Messages were taken back: they are hidden, not forgotten. */
export type MessagesDeleted = {
  readonly type: "messages_deleted";
  readonly messageIds: readonly string[];
};

/** All that one person says about a message with emoji, from now on; nothing when it was taken back. */
export type ReactionChanged = {
  readonly type: "reaction_changed";
  readonly messageId: string;
  readonly sender: Sender;
  readonly emoji: readonly string[];
};

/** What became of messages that went out; `sent` < `delivered` < `read`, and `failed` beside them. */
export type Receipt = {
  readonly type: "receipt";
  readonly status: ReceiptStatus;
  readonly of: ReceiptScope;
  /** A short code of the platform when it failed. */
  readonly detail: string | null;
};

export type ReceiptStatus = "sent" | "delivered" | "read" | "failed";

/** One message, or everything of the conversation that was sent up to a time by the platform's clock, ms. */
export type ReceiptScope =
  | { readonly kind: "message"; readonly messageId: string }
  | { readonly kind: "until"; readonly at: number };

export type ContactProfile = {
  readonly name: string | null;
  readonly assignedName: string | null;
  /** The true number; never the transport's prefixed nickname. */
  readonly phone: string | null;
  /** The name by which the platform finds the person. */
  readonly username: string | null;
  readonly externalId: string | null;
};

export type ContactChanged = {
  readonly type: "contact_changed";
  readonly change: "created" | "updated" | "blacklisted";
  readonly profile: ContactProfile;
};

/** The customer blocked us, left, or let us write again. */
export type ReachabilityChanged = {
  readonly type: "reachability_changed";
  readonly reachable: boolean;
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

/** The conversation goes on under another name; what is still to be sent goes there. */
export type ConversationMoved = {
  readonly type: "conversation_moved";
  readonly address: ReplyAddress;
};

export type OperatorChanged = {
  readonly type: "operator_changed";
  readonly operatorId: string;
  readonly email: string | null;
  readonly online: boolean;
  readonly status: string | null;
};
