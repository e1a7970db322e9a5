import type { ClientMessage } from "../message/event.ts";
import type { Arrival } from "./arrival.ts";
import type { Effect } from "./effect.ts";
import type { AnyRun, ConversationState } from "./state.ts";

/** What events leave behind that change nothing in the conversation's own course. */
export function sideEffects(state: ConversationState<AnyRun>, arrival: Arrival): readonly Effect[] {
  const { event, at } = arrival;
  switch (event.type) {
    case "side_message":
      return [sideMessage(state, arrival, event)];
    case "delivery_failed":
      return [{ type: "receipt", messageId: event.messageId, status: "failed", at }];
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
      return [
        {
          type: "request",
          requestId: event.requestId,
          kind: event.kind,
          openedAt: at,
          closedAt: null,
        },
      ];
    case "conversation_released":
      return event.requestId === null
        ? []
        : [
            {
              type: "request",
              requestId: event.requestId,
              kind: null,
              openedAt: null,
              closedAt: event.by === "request" ? at : null,
            },
          ];
    case "operator_changed":
      return [
        {
          type: "operator",
          operatorId: event.operatorId,
          email: event.email,
          online: event.online,
          status: event.status,
          at,
        },
      ];
    case "client_message":
    case "outbound_message":
    case "conversation_transferred":
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

function sideMessage(
  state: ConversationState<AnyRun>,
  arrival: Arrival,
  event: Extract<Arrival["event"], { type: "side_message" }>,
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
    at: arrival.at,
  };
}

function tagChanged(
  state: ConversationState<AnyRun>,
  event: Extract<Arrival["event"], { type: "tag_changed" }>,
): readonly Effect[] {
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
