import type { Rules } from "../../../src/conversation/arrival.ts";
import { decide } from "../../../src/conversation/decide.ts";
import { noFacts, type OutboxFacts } from "../../../src/conversation/echo.ts";
import type { Effect } from "../../../src/conversation/effect.ts";
import { type ConversationState, newConversation } from "../../../src/conversation/state.ts";
import { type OrderRun, orderDialog } from "../../../src/dialog/flows/order/order.ts";
import type { ChannelEvent, ClientMessage, OutboundMessage } from "../../../src/message/event.ts";
import type { Content } from "../../../src/message/message.ts";

export type State = ConversationState<OrderRun>;

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;

export const rules: Rules<OrderRun> = {
  dialog: orderDialog,
  language: "en",
  enabled: true,
  textLimit: { max: 4_096, unit: "utf16" },
  sessionSilenceMs: 20 * minuteMs,
  dialogSilenceMs: 24 * hourMs,
};

export const fresh: State = newConversation("client-1", orderDialog.initial);

export function content(text: string): Content {
  return { text, parts: [] };
}

export function fromClient(text: string, more: Partial<ClientMessage> = {}): ClientMessage {
  return {
    type: "client_message",
    messageId: `m-${text}`,
    content: content(text),
    context: null,
    address: '[17,"3","whatsapp"]',
    contact: null,
    requestId: null,
    unanswered: null,
    ...more,
  };
}

export function toClient(text: string, more: Partial<OutboundMessage> = {}): OutboundMessage {
  return {
    type: "outbound_message",
    platformAt: null,
    messageId: `o-${text}`,
    author: "operator",
    operatorId: "9",
    content: content(text),
    context: null,
    live: true,
    ...more,
  };
}

export type Taken = { readonly state: State; readonly effects: readonly Effect[] };

/** Decides one event; fails when it must wait. */
export function decided(
  state: State,
  at: number,
  event: ChannelEvent,
  given: { readonly rules?: Rules<OrderRun>; readonly facts?: OutboxFacts } = {},
): Taken {
  const outcome = decide(
    state,
    { id: String(at), at, event },
    given.rules ?? rules,
    given.facts ?? noFacts,
  );
  if (outcome.type === "wait") throw new Error("the decision waits");
  return { state: outcome.state, effects: outcome.effects };
}

/** Decides events one after another, each a minute after the former. */
export function after(events: readonly ChannelEvent[], from: State = fresh): State {
  return events.reduce((state, event, i) => decided(state, (i + 1) * minuteMs, event).state, from);
}

/** The effects of one type. */
export function only<Type extends Effect["type"]>(
  effects: readonly Effect[],
  type: Type,
): readonly Extract<Effect, { readonly type: Type }>[] {
  return effects.filter(
    (effect): effect is Extract<Effect, { readonly type: Type }> => effect.type === type,
  );
}
