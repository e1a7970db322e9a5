import type { DialogEffect } from "../dialog/dialog.ts";
import type { ClientMessage, OutboundMessage } from "../message/event.ts";
import { type OutgoingContent, plainText } from "../message/outgoing.ts";
import { splitContent } from "../message/split-content.ts";
import { botOwns, endIfSilent, touch } from "../sessions/session.ts";
import type { Arrival, Rules } from "./arrival.ts";
import { contactOf, sideEffects } from "./bookkeeping.ts";
import { judgeEcho, type OutboxFacts } from "./echo.ts";
import type { Effect, MessageEffect } from "./effect.ts";
import { type Decision, giveSession, release, takeOver, transferred } from "./ownership.ts";
import { type AnyRun, type ConversationState, nextDeadline } from "./state.ts";

/** A decision, or that it must wait until our sends in flight have ended. */
export type Outcome<Run extends AnyRun> =
  | ({ readonly type: "decided" } & Decision<Run>)
  | { readonly type: "wait" };

/**
 * Decides one event. Pure: the same state, event, rules and facts give the same outcome, and nothing outside changes.
 * What is due at the event's time is done before it, so a late timer changes nothing.
 */
export function decide<Run extends AnyRun>(
  before: ConversationState<Run>,
  arrival: Arrival,
  rules: Rules<Run>,
  facts: OutboxFacts,
): Outcome<Run> {
  const due = doWhatIsDue(before, arrival.at, rules);
  const { event } = arrival;
  switch (event.type) {
    case "client_message":
      return decided(due, clientMessage(due.state, { ...arrival, event }, rules));
    case "outbound_message": {
      const then = outboundMessage(due.state, { ...arrival, event }, { rules, facts });
      return then === "wait" ? { type: "wait" } : decided(due, then);
    }
    case "conversation_transferred":
      return decided(due, transferred(due.state, { at: arrival.at, event }, rules));
    case "receipt":
      // It may come before our own call has returned; then nobody knows yet which message it is about.
      if (facts.inFlight && !facts.ours) return { type: "wait" };
      return decided(due, { state: due.state, effects: sideEffects(due.state, arrival) });
    case "conversation_moved":
      return decided(due, { state: { ...due.state, address: event.address }, effects: [] });
    case "conversation_released":
      return decided(due, withEffects(release(due.state, event), sideEffects(due.state, arrival)));
    default:
      return decided(due, { state: due.state, effects: sideEffects(due.state, arrival) });
  }
}

/** Does what is due at `now` although nobody wrote; the row in `timers` is set to the next deadline by `timerChange`. */
export function decideTick<Run extends AnyRun>(
  before: ConversationState<Run>,
  now: number,
  rules: Rules<Run>,
): Decision<Run> {
  return doWhatIsDue(before, now, rules);
}

/** How the row in `timers` must change: set it, remove it, or leave it (a lower bound may stay too early). */
export type TimerChange = {
  readonly setTo: number | null;
  readonly remove: boolean;
  readonly timerAt: number | null;
};

/** Says how the row must change after a decision at `now`. A fired row is set to what is next, or removed; never throws. */
export function timerChange(state: ConversationState<AnyRun>, now: number): TimerChange {
  const deadline = nextDeadline(state);
  const fired = state.timerAt !== null && state.timerAt <= now;
  if (deadline !== null && (state.timerAt === null || fired || deadline < state.timerAt)) {
    return { setTo: deadline, remove: false, timerAt: deadline };
  }
  return fired
    ? { setTo: null, remove: true, timerAt: null }
    : { setTo: null, remove: false, timerAt: state.timerAt };
}

function decided<Run extends AnyRun>(due: Decision<Run>, then: Decision<Run>): Outcome<Run> {
  return { type: "decided", state: then.state, effects: [...due.effects, ...then.effects] };
}

function withEffects<Run extends AnyRun>(
  decision: Decision<Run>,
  effects: readonly Effect[],
): Decision<Run> {
  return { state: decision.state, effects: [...decision.effects, ...effects] };
}

function dialogEffects(
  state: ConversationState<AnyRun>,
  effects: readonly DialogEffect[],
): readonly Effect[] {
  return effects.map((effect) => ({ type: "dialog", effect, clientId: state.identity }));
}

function doWhatIsDue<Run extends AnyRun>(
  state: ConversationState<Run>,
  now: number,
  rules: Rules<Run>,
): Decision<Run> {
  const ended = giveSession(state, endIfSilent(state.sessions, now));
  if (state.runEndsAt === null || now < state.runEndsAt) return ended;
  const expired = rules.dialog.expire(state.run, state.runEndsAt);
  return {
    state: { ...ended.state, run: expired.run, runEndsAt: null },
    effects: [...ended.effects, ...dialogEffects(state, expired.effects)],
  };
}

type Received<Event> = { readonly id: string; readonly at: number; readonly event: Event };

function clientMessage<Run extends AnyRun>(
  before: ConversationState<Run>,
  arrival: Received<ClientMessage>,
  rules: Rules<Run>,
): Decision<Run> {
  const { event } = arrival;
  const silence = silenceReason(before, event, rules.enabled);
  const begun =
    event.unanswered === null
      ? beginOrGoOn(before, arrival, rules)
      : { state: before, effects: [] };
  const spoken = [
    messageOf(begun.state, arrival, { author: "client", shadowed: !rules.enabled }),
    ...(begun.effects.length === 0 ? [] : contactOf(begun.state, event)),
  ];
  const known = withEffects(begun, spoken);
  if (silence !== null)
    return withEffects(known, [
      logOf(before, arrival, {
        before: before.run.state,
        after: before.run.state,
        success: false,
        reason: silence,
      }),
    ]);
  return answer(known, arrival, rules);
}

/** Why a client's message is not answered, or null. */
function silenceReason(
  state: ConversationState<AnyRun>,
  event: ClientMessage,
  enabled: boolean,
): string | null {
  if (event.unanswered !== null) return event.unanswered;
  if (!enabled) return "origin_disabled";
  return botOwns(state.sessions) ? null : "silenced_operator_owns_session";
}

function beginOrGoOn<Run extends AnyRun>(
  state: ConversationState<Run>,
  arrival: Received<ClientMessage>,
  rules: Rules<Run>,
): Decision<Run> {
  const step = giveSession(state, touch(state.sessions, arrival.at, rules.sessionSilenceMs));
  return { state: { ...step.state, address: arrival.event.address }, effects: step.effects };
}

function answer<Run extends AnyRun>(
  known: Decision<Run>,
  arrival: Received<ClientMessage>,
  rules: Rules<Run>,
): Decision<Run> {
  const { state } = known;
  const step = rules.dialog.step(
    state.run,
    { text: arrival.event.content.text, at: arrival.at },
    rules.language,
  );
  const runEndsAt = rules.dialog.isOpen(step.run) ? arrival.at + rules.dialogSilenceMs : null;
  return {
    state: { ...state, run: step.run, runEndsAt },
    effects: [
      ...known.effects,
      ...dialogEffects(state, step.effects),
      logOf(state, arrival, {
        before: state.run.state,
        after: step.run.state,
        success: step.understood,
        reason: step.reason,
      }),
      ...repliesOf(state, arrival, splitContent(plainText(step.reply), rules.textLimit)),
    ],
  };
}

/** Words longer than the channel takes are as many deliveries as they have parts, each sent and recorded by itself. */
function repliesOf(
  state: ConversationState<AnyRun>,
  arrival: Received<ClientMessage>,
  contents: readonly OutgoingContent[],
): readonly Effect[] {
  return contents.map((content) => ({
    type: "reply",
    eventId: arrival.id,
    session: state.sessions.current?.number ?? null,
    ownerEpoch: state.sessions.ownerEpoch,
    content,
    address: arrival.event.address,
    at: arrival.at,
  }));
}

type Logged = {
  readonly before: string;
  readonly after: string;
  readonly success: boolean;
  readonly reason: string | null;
};

function logOf(
  state: ConversationState<AnyRun>,
  arrival: Received<ClientMessage>,
  logged: Logged,
): Effect {
  const { event } = arrival;
  return {
    type: "log",
    eventId: arrival.id,
    clientId: state.identity ?? "",
    messageId: event.messageId,
    text: event.content.text,
    stateBefore: logged.before,
    stateAfter: logged.after,
    success: logged.success,
    reason: logged.reason,
    at: arrival.at,
  };
}

function messageOf(
  state: ConversationState<AnyRun>,
  arrival: Received<ClientMessage | OutboundMessage>,
  as: { readonly author: MessageEffect["author"]; readonly shadowed: boolean },
): MessageEffect {
  const { messageId, content, context } = arrival.event;
  const session = state.sessions.current?.number ?? null;
  return {
    type: "message",
    eventId: arrival.id,
    session,
    kind: "message",
    messageId,
    content,
    context,
    at: arrival.at,
    ...as,
  };
}

/**
 * A message went to the customer. Ours is known already; an operator's live one silences the bot. Which of the two it is can
 * only be said when no send of this conversation is in flight.
 */
function outboundMessage<Run extends AnyRun>(
  before: ConversationState<Run>,
  arrival: Received<OutboundMessage>,
  given: { readonly rules: Rules<Run>; readonly facts: OutboxFacts },
): Decision<Run> | "wait" {
  const { event } = arrival;
  const verdict = judgeEcho(event, given.facts);
  if (verdict.type === "undecided") return "wait";
  if (verdict.type === "ours") return { state: before, effects: verdict.settles };
  const author = event.author === "operator" ? "operator" : "platform";
  const spoken = (state: ConversationState<Run>) =>
    messageOf(state, arrival, { author, shadowed: !given.rules.enabled });
  if (author !== "operator" || !event.live) return { state: before, effects: [spoken(before)] };
  const taken = takeOver(before, { at: arrival.at, platformAt: event.platformAt }, given.rules);
  return withEffects(taken, [spoken(taken.state)]);
}
