import type {
  ClientMessage,
  ConversationReleased,
  MessageEdited,
  OperatorChanged,
  RequestOpened,
  SideMessage,
  TagChanged,
} from "../message/event.ts";
import type { Arrival } from "./arrival.ts";
import type { Effect } from "./effect.ts";
import type { AnyRun, ConversationState } from "./state.ts";

/** What events leave behind that change nothing in the conversation's own course. */
export function sideEffects(state: ConversationState<AnyRun>, arrival: Arrival): readonly Effect[] {
  const { event, at } = arrival;
  switch (event.type) {
    case "side_message":
      return [sideMessage(state, arrival, event)];
    case "message_edited":
      return [edited(state, arrival, event)];
    case "messages_deleted":
      return event.messageIds.map((messageId) => ({ type: "deletion", messageId }));
    case "reaction_changed":
      return [
        {
          type: "reaction",
          eventId: arrival.id,
          messageId: event.messageId,
          sender: event.sender,
          emoji: event.emoji,
          at,
        },
      ];
    case "receipt":
      return [{ type: "receipt", of: event.of, status: event.status, detail: event.detail, at }];
    case "reachability_changed":
      return forClient(state, (identity) => ({
        type: "reachable",
        identity,
        reachable: event.reachable,
      }));
    case "contact_changed":
      return forClient(state, (identity) => ({
        type: "contact",
        identity,
        profile: event.profile,
        blacklisted: event.change === "blacklisted",
      }));
    case "tag_changed":
      return tagChanged(state, event);
    case "request_opened":
      return [requestOpened(event, at)];
    case "conversation_released":
      return requestReleased(event, at);
    case "operator_changed":
      return [operatorOf(event, at)];
    case "client_message":
    case "outbound_message":
    case "conversation_transferred":
    case "conversation_moved":
      return [];
  }
}

/** The customer's profile as the first message of a session brought it along, when it brought one. */
export function contactOf(
  state: ConversationState<AnyRun>,
  event: ClientMessage,
): readonly Effect[] {
  const { contact } = event;
  if (contact === null) return [];
  return forClient(state, (identity) => ({
    type: "contact",
    identity,
    profile: contact,
    blacklisted: false,
  }));
}

function forClient(
  state: ConversationState<AnyRun>,
  effect: (identity: string) => Effect,
): readonly Effect[] {
  return state.identity === null ? [] : [effect(state.identity)];
}

function requestOpened(event: RequestOpened, at: number): Effect {
  const { requestId, kind } = event;
  return { type: "request", requestId, kind, openedAt: at, closedAt: null };
}

function requestReleased(event: ConversationReleased, at: number): readonly Effect[] {
  const { requestId } = event;
  const closedAt = event.by === "request" ? at : null;
  if (requestId === null) return [];
  return [{ type: "request", requestId, kind: null, openedAt: null, closedAt }];
}

function operatorOf(event: OperatorChanged, at: number): Effect {
  const { operatorId, email, online, status } = event;
  return { type: "operator", operatorId, email, online, status, at };
}

function sideMessage(
  state: ConversationState<AnyRun>,
  arrival: Arrival,
  event: SideMessage,
): Effect {
  return {
    type: "message",
    eventId: arrival.id,
    session: state.sessions.current?.number ?? null,
    author: event.kind === "note" ? "operator" : "platform",
    kind: event.kind,
    shadowed: false,
    messageId: event.messageId,
    content: event.content,
    context: null,
    at: arrival.at,
  };
}

function edited(state: ConversationState<AnyRun>, arrival: Arrival, event: MessageEdited): Effect {
  return {
    type: "edit",
    eventId: arrival.id,
    session: state.sessions.current?.number ?? null,
    author: event.author,
    messageId: event.messageId,
    content: event.content,
    editedAt: event.platformAt,
    at: arrival.at,
  };
}

function tagChanged(state: ConversationState<AnyRun>, event: TagChanged): readonly Effect[] {
  const added = event.change === "added";
  const { on } = event;
  if (on.kind === "request")
    return [{ type: "request_tag", requestId: on.requestId, tagId: event.tagId, added }];
  return forClient(state, (identity) => ({
    type: "contact_tag",
    identity,
    tagId: event.tagId,
    added,
  }));
}
