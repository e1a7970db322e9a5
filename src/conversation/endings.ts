import type { ClaimedLane, Release } from "../lane/lanes.ts";
import { cautionAfter, isSuspect } from "./caution.ts";
import type { CommitEnd } from "./commit-group.ts";
import type { DecidedTurn } from "./decide-turn.ts";
import type { AnyRun } from "./state.ts";
import type { WorkerParts } from "./worker-parts.ts";

/** How soon an echo is judged again while one of our sends is in flight, ms. */
const echoWaitMs = 150;
/** How long lanes rest when PostgreSQL did not answer, ms. */
export const outageWaitMs = 500;
/** How long a lane rests that lost every race of its turn: whoever holds it needs a moment, ms. */
export const raceWaitMs = 100;
/** How much later a deadline that cannot be handled is looked at again, ms. */
const postponeMs = 60_000;

type Failure = { readonly eventId: string; readonly reason: string };

/** Gives a lane back with nothing applied and nothing known of its state. */
export function releaseForgotten(lane: ClaimedLane, next: Release["next"]): Release {
  return { lane, cache: "forget", next, caution: cautionAfter(lane, 0) };
}

/** Counts a failed attempt at a lane's first event and says what becomes of the lane; at the last attempt the event is parked. */
export async function failEvent<Run extends AnyRun>(
  parts: WorkerParts<Run>,
  lane: ClaimedLane,
  failure: Failure,
): Promise<Release> {
  const end = await parts.store.fail(lane, { ...failure, counted: isSuspect(lane) });
  parts.logger.warn(end.parked ? "event parked" : "event failed", {
    event: failure.eventId,
    conversation: lane.conversation,
    reason: failure.reason,
  });
  if (end.parked) parts.metrics.parkedEvents.inc();
  return releaseForgotten(lane, end.waitMs > 0 ? { waitMs: end.waitMs } : "again");
}

/** Puts off a deadline that cannot be handled; there is no event to park, and the other deadlines must get their turn. */
export async function postponeTimer<Run extends AnyRun>(
  parts: WorkerParts<Run>,
  lane: ClaimedLane,
  reason: string,
): Promise<Release> {
  await parts.store.postponeTimer(lane, postponeMs);
  parts.logger.warn("a deadline could not be handled", {
    conversation: lane.conversation,
    reason,
  });
  return releaseForgotten(lane, "done");
}

/** What becomes of a lane whose turn changed nothing; null when it must be read again. */
export async function releaseUnchanged<Run extends AnyRun>(
  parts: WorkerParts<Run>,
  decided: DecidedTurn<Run>,
): Promise<Release | null> {
  const { turn, stop } = decided;
  switch (stop.type) {
    case "threw":
      // Redis may hold an old or damaged copy: only what PostgreSQL says counts against an event.
      return turn.fast ? null : failEvent(parts, turn.lane, stop);
    case "tick_threw":
      return postponeTimer(parts, turn.lane, stop.reason);
    case "wait":
    case "none":
      return {
        lane: turn.lane,
        cache: null,
        next: stop.type === "wait" ? { waitMs: echoWaitMs } : "done",
        caution: cautionAfter(turn.lane, 0),
      };
  }
}

/** What becomes of a lane after its commit; null when it lost and must be read again. */
export async function releaseAfter<Run extends AnyRun>(
  parts: WorkerParts<Run>,
  end: CommitEnd<Run>,
): Promise<Release | null> {
  if (end.verdict === "refused") return afterRefusal(parts, end.decided, end.reason);
  return end.verdict === "done" ? afterCommit(end.decided) : null;
}

function afterCommit<Run extends AnyRun>(decided: DecidedTurn<Run>): Release {
  const { turn, stop, state, applied } = decided;
  const cache = { version: turn.version + 1, state: JSON.stringify(state) };
  const caution = cautionAfter(turn.lane, applied.length);
  if (stop.type === "wait")
    return { lane: turn.lane, cache, next: { waitMs: echoWaitMs }, caution };
  const next = stop.type === "threw" || turn.more ? "again" : "done";
  return { lane: turn.lane, cache, next, caution };
}

async function afterRefusal<Run extends AnyRun>(
  parts: WorkerParts<Run>,
  decided: DecidedTurn<Run>,
  reason: string,
): Promise<Release | null> {
  const { turn, applied } = decided;
  const [first, second] = applied;
  if (turn.fast) return null;
  if (first === undefined) return postponeTimer(parts, turn.lane, reason);
  if (second === undefined) return failEvent(parts, turn.lane, { eventId: first.id, reason });
  // Which of several events is the bad one is found by deciding them one at a time.
  const caution = { ...cautionAfter(turn.lane, 0), single: applied.length };
  return { lane: turn.lane, cache: "forget", next: "again", caution };
}
