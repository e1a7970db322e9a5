import type { DialogEffect } from "../dialog/dialog.ts";
import type { ContactProfile, ReceiptScope, ReceiptStatus } from "../message/event.ts";
import type { Content, MessageContext, ReplyAddress, Sender } from "../message/message.ts";
import type { OutgoingContent } from "../message/outgoing.ts";
import type { SessionRecord } from "../sessions/session.ts";

/**
 * What a decision wants recorded: a closed set, written in the decision's own transaction.
 * `at` is ms by PostgreSQL's clock; `eventId` is the journal id of the event that caused it.
 */
export type Effect =
  | MessageEffect
  | ReplyEffect
  | LogEffect
  | { readonly type: "session"; readonly record: SessionRecord }
  | { readonly type: "dialog"; readonly effect: DialogEffect; readonly clientId: string | null }
  | {
      readonly type: "contact";
      readonly identity: string;
      readonly profile: ContactProfile;
      readonly blacklisted: boolean;
    }
  | {
      readonly type: "contact_tag";
      readonly identity: string;
      readonly tagId: string;
      readonly added: boolean;
    }
  | {
      readonly type: "request_tag";
      readonly requestId: string;
      readonly tagId: string;
      readonly added: boolean;
    }
  | {
      readonly type: "request";
      readonly requestId: string;
      readonly kind: string | null;
      readonly openedAt: number | null;
      readonly closedAt: number | null;
    }
  | {
      readonly type: "operator";
      readonly operatorId: string;
      readonly email: string | null;
      readonly online: boolean;
      readonly status: string | null;
      readonly at: number;
    }
  | {
      readonly type: "reachable";
      readonly identity: string;
      readonly reachable: boolean;
    }
  | EditEffect
  | { readonly type: "deletion"; readonly messageId: string }
  | {
      readonly type: "reaction";
      readonly eventId: string;
      readonly messageId: string;
      readonly sender: Sender;
      readonly emoji: readonly string[];
      readonly at: number;
    }
  | {
      readonly type: "receipt";
      readonly of: ReceiptScope;
      readonly status: ReceiptStatus;
      readonly detail: string | null;
      readonly at: number;
    }
  | {
      readonly type: "settled";
      readonly delivery: string;
      readonly attempt: number;
      readonly messageId: string;
    };

export type MessageEffect = {
  readonly type: "message";
  readonly eventId: string;
  readonly session: number | null;
  readonly author: "client" | "operator" | "platform";
  readonly kind: "message" | "note" | "system";
  readonly shadowed: boolean;
  readonly messageId: string;
  readonly content: Content;
  readonly context: MessageContext | null;
  readonly at: number;
};

/** Other words for a message; the earlier ones are kept. One that is not known begins with this version. */
export type EditEffect = {
  readonly type: "edit";
  readonly eventId: string;
  readonly session: number | null;
  readonly author: "client" | "operator";
  readonly messageId: string;
  readonly content: Content;
  /** By the platform's clock, ms. */
  readonly editedAt: number | null;
  readonly at: number;
};

/** A message of the bot: a row of the conversation and a delivery. */
export type ReplyEffect = {
  readonly type: "reply";
  readonly eventId: string;
  readonly session: number | null;
  readonly ownerEpoch: number;
  readonly content: OutgoingContent;
  readonly address: ReplyAddress;
  readonly at: number;
};

/** One line of `message_logs` for a client's message. */
export type LogEffect = {
  readonly type: "log";
  readonly eventId: string;
  readonly clientId: string;
  readonly messageId: string;
  readonly text: string;
  readonly stateBefore: string;
  readonly stateAfter: string;
  readonly success: boolean;
  readonly reason: string | null;
  readonly at: number;
};
