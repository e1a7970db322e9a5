import { describeError } from "../core/errors.ts";
import type { Arrival, Rules } from "./arrival.ts";
import { decide, decideTick, timerChange } from "./decide.ts";
import { noFacts, type OutboxFacts } from "./echo.ts";
import type { Effect } from "./effect.ts";
import type { AnyRun, ConversationState } from "./state.ts";
import type { Turn } from "./turn.ts";

/** Why a turn ended before its last event. */
export type Stop =
  | { readonly type: "none" }
  | { readonly type: "wait" }
  | { readonly type: "threw"; readonly eventId: string; readonly reason: string };

/** What is to be committed for a turn: the events from the first to where it stopped. */
export type DecidedTurn<Run extends AnyRun> = {
  readonly turn: Turn<Run>;
  readonly state: ConversationState<Run>;
  readonly effects: readonly Effect[];
  readonly applied: readonly Arrival[];
  readonly timer: { readonly setTo: number | null; readonly remove: boolean };
  readonly stop: Stop;
};

/** Decides a turn's events one after another, then what is due. Never throws: an event that makes `decide` throw ends the turn. */
export function decideTurn<Run extends AnyRun>(
  turn: Turn<Run>,
  rules: Rules<Run>,
  facts: ReadonlyMap<string, OutboxFacts>,
): DecidedTurn<Run> {
  let { state } = turn;
  const effects: Effect[] = [];
  const applied: Arrival[] = [];
  let stop: Stop = { type: "none" };
  for (const arrival of turn.arrivals) {
    const outcome = decideSafely(state, arrival, {
      rules,
      facts: facts.get(arrival.id) ?? noFacts,
    });
    if (outcome.type !== "decided") {
      stop = outcome;
      break;
    }
    state = outcome.state;
    effects.push(...outcome.effects);
    applied.push(arrival);
  }
  if (turn.tickAt !== null && stop.type === "none") {
    const tick = decideTick(state, turn.tickAt, rules);
    state = tick.state;
    effects.push(...tick.effects);
  }
  const now = turn.tickAt ?? applied.at(-1)?.at ?? 0;
  const timer = timerChange(state, now);
  return { turn, state: { ...state, timerAt: timer.timerAt }, effects, applied, timer, stop };
}

function decideSafely<Run extends AnyRun>(
  state: ConversationState<Run>,
  arrival: Arrival,
  given: { readonly rules: Rules<Run>; readonly facts: OutboxFacts },
):
  | ReturnType<typeof decide<Run>>
  | { readonly type: "threw"; readonly eventId: string; readonly reason: string } {
  try {
    return decide(state, arrival, given.rules, given.facts);
  } catch (error) {
    return { type: "threw", eventId: arrival.id, reason: describeError(error) };
  }
}
