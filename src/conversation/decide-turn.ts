import { describeError } from "../core/errors.ts";
import type { Arrival, Rules } from "./arrival.ts";
import { decide, decideTick, type Outcome, timerChange } from "./decide.ts";
import { noFacts, type OutboxFacts } from "./echo.ts";
import type { Effect } from "./effect.ts";
import type { Decision } from "./ownership.ts";
import type { AnyRun, ConversationState } from "./state.ts";
import type { Turn } from "./turn.ts";

/** Why a turn ended before its last event, or before what was due. */
export type Stop =
  | { readonly type: "none" }
  | { readonly type: "wait" }
  | { readonly type: "threw"; readonly eventId: string; readonly reason: string }
  | { readonly type: "tick_threw"; readonly reason: string };

/** What is to be committed for a turn: the events from the first to where it stopped. */
export type DecidedTurn<Run extends AnyRun> = {
  readonly turn: Turn<Run>;
  readonly state: ConversationState<Run>;
  readonly effects: readonly Effect[];
  readonly applied: readonly Arrival[];
  readonly timer: { readonly setTo: number | null; readonly remove: boolean };
  /** Whether what was due has been done; without it and without applied events there is nothing to commit. */
  readonly ticked: boolean;
  readonly stop: Stop;
};

type Facts = ReadonlyMap<string, OutboxFacts>;

/** Decides a turn's events one after another, then what is due. Never throws: an event that makes `decide` throw ends the turn. */
export function decideTurn<Run extends AnyRun>(
  turn: Turn<Run>,
  rules: Rules<Run>,
  facts: Facts,
): DecidedTurn<Run> {
  const events = decideEvents(turn, rules, facts);
  const tick = decideDue(turn, events, rules);
  const now = tick.ticked && turn.tickAt !== null ? turn.tickAt : (events.applied.at(-1)?.at ?? 0);
  const timer = timerChange(tick.state, now);
  return {
    turn,
    state: { ...tick.state, timerAt: timer.timerAt },
    effects: [...events.effects, ...tick.effects],
    applied: events.applied,
    timer,
    ticked: tick.ticked,
    stop: tick.stop,
  };
}

type DecidedEvents<Run extends AnyRun> = Pick<
  DecidedTurn<Run>,
  "state" | "effects" | "applied" | "stop"
>;

function decideEvents<Run extends AnyRun>(
  turn: Turn<Run>,
  rules: Rules<Run>,
  facts: Facts,
): DecidedEvents<Run> {
  let { state } = turn;
  const effects: Effect[] = [];
  const applied: Arrival[] = [];
  for (const arrival of turn.arrivals) {
    const known = without(facts.get(arrival.id) ?? noFacts, effects);
    const outcome = decideSafely(state, arrival, { rules, facts: known });
    if (outcome.type !== "decided") return { state, effects, applied, stop: outcome };
    state = outcome.state;
    effects.push(...outcome.effects);
    applied.push(arrival);
  }
  return { state, effects, applied, stop: { type: "none" } };
}

/** Two echoes with the same text are two attempts: what an earlier one of this turn has settled is no longer open. */
function without(facts: OutboxFacts, effects: readonly Effect[]): OutboxFacts {
  if (facts.unsettled.length === 0) return facts;
  const settled = effects.filter((effect) => effect.type === "settled");
  const unsettled = facts.unsettled.filter(
    (one) => !settled.some((done) => done.delivery === one.seq && done.attempt === one.attempt),
  );
  return { ...facts, unsettled };
}

function decideSafely<Run extends AnyRun>(
  state: ConversationState<Run>,
  arrival: Arrival,
  given: { readonly rules: Rules<Run>; readonly facts: OutboxFacts },
): Outcome<Run> | Extract<Stop, { readonly type: "threw" }> {
  try {
    return decide(state, arrival, given.rules, given.facts);
  } catch (error) {
    return { type: "threw", eventId: arrival.id, reason: describeError(error) };
  }
}

type DecidedDue<Run extends AnyRun> = Decision<Run> & Pick<DecidedTurn<Run>, "ticked" | "stop">;

function decideDue<Run extends AnyRun>(
  turn: Turn<Run>,
  events: DecidedEvents<Run>,
  rules: Rules<Run>,
): DecidedDue<Run> {
  const { state, stop } = events;
  const undone = { state, effects: [], ticked: false };
  if (turn.tickAt === null || stop.type !== "none") return { ...undone, stop };
  try {
    return { ...decideTick(state, turn.tickAt, rules), ticked: true, stop };
  } catch (error) {
    return { ...undone, stop: { type: "tick_threw", reason: describeError(error) } };
  }
}
