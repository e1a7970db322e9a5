import type {
  ConversationReleased,
  ConversationTransferred,
  PlatformTime,
} from "../message/event.ts";
import { giveTo, type SessionStep, touch } from "../sessions/session.ts";
import type { Rules } from "./arrival.ts";
import type { Effect } from "./effect.ts";
import type { AnyRun, ConversationState } from "./state.ts";

/**
 * Who owns the conversation after an event: operators take it by writing or by a transfer, and give it back by closing their dialog
 * or request. The platform may deliver an event hours after one that followed it, so a takeover that is older than the last
 * release, by the platform's own clock, takes nothing, and a release that is older than their last word releases nothing.
 */

export type Decision<Run extends AnyRun> = {
  readonly state: ConversationState<Run>;
  readonly effects: readonly Effect[];
};

/** A state with its sessions after a step, and the step's records as effects. */
export function giveSession<Run extends AnyRun>(
  state: ConversationState<Run>,
  step: SessionStep,
): Decision<Run> {
  return {
    state: { ...state, sessions: step.sessions },
    effects: step.records.map((record) => ({ type: "session", record })),
  };
}

/** An operator takes the conversation; it is touched as by any message. */
export function takeOver<Run extends AnyRun>(
  state: ConversationState<Run>,
  taken: { readonly at: number; readonly platformAt: PlatformTime },
  rules: Rules<Run>,
): Decision<Run> {
  if (isOutdated(state, taken.platformAt)) return { state, effects: [] };
  const going = giveSession(state, touch(state.sessions, taken.at, rules.sessionSilenceMs));
  const given = giveSession(going.state, giveTo(going.state.sessions, "human"));
  const takenAt = latest(taken.platformAt, state.takenAt);
  return { state: { ...given.state, takenAt }, effects: [...going.effects, ...given.effects] };
}

/** The later of two times of the platform; what was stored before there was such a time has none. */
function latest(platformAt: PlatformTime, known: number | null | undefined): PlatformTime {
  return platformAt === null ? (known ?? null) : Math.max(platformAt, known ?? 0);
}

function isOutdated(state: ConversationState<AnyRun>, platformAt: PlatformTime): boolean {
  return platformAt !== null && state.releasedAt !== null && platformAt < state.releasedAt;
}

/** The dialog went to an operator, or to nobody in particular, which silences nobody. */
export function transferred<Run extends AnyRun>(
  state: ConversationState<Run>,
  arrival: { readonly at: number; readonly event: ConversationTransferred },
  rules: Rules<Run>,
): Decision<Run> {
  const { at, event } = arrival;
  if (event.operatorId === null) return { state, effects: [] };
  return takeOver(state, { at, platformAt: event.platformAt }, rules);
}

/** The operators are done: the bot may speak again. */
export function release<Run extends AnyRun>(
  state: ConversationState<Run>,
  event: ConversationReleased,
): Decision<Run> {
  if (isOvertaken(state, event.platformAt)) return { state, effects: [] };
  const given = giveSession(state, giveTo(state.sessions, "bot"));
  const releasedAt = latest(event.platformAt, state.releasedAt);
  return { state: { ...given.state, releasedAt }, effects: given.effects };
}

/** Chat2Desk writes its times with and without a fraction: within a second nobody knows what came first, ms. */
const samePlatformMs = 1_000;

function isOvertaken({ takenAt }: ConversationState<AnyRun>, platformAt: PlatformTime): boolean {
  return platformAt !== null && takenAt !== null && platformAt + samePlatformMs <= takenAt;
}
