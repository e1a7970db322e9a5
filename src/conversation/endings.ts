import type { ClaimedLane, Release } from "../lane/lanes.ts";
import type { CommitEnd } from "./commit-group.ts";
import type { DecidedTurn } from "./decide-turn.ts";
import type { AnyRun } from "./state.ts";
import type { WorkerParts } from "./worker-parts.ts";

/** How soon an echo is judged again while one of our sends is in flight, ms. */
const echoWaitMs = 150;
/** How long lanes rest when PostgreSQL did not answer, ms. */
export const outageWaitMs = 500;
/** An event that was refused together with others is decided alone, and so are this many after it. */
const careAfterRefusal = 8;

type Failure = { readonly eventId: string; readonly reason: string };

/** Counts a failed attempt at a lane's first event and says what becomes of the lane; at the last attempt the event is parked. */
export async function failEvent<Run extends AnyRun>(
  parts: WorkerParts<Run>,
  lane: ClaimedLane,
  failure: Failure,
): Promise<Release> {
  const end = await parts.store.fail(lane, failure);
  parts.logger.warn(end.parked ? "event parked" : "event failed", {
    event: failure.eventId,
    conversation: lane.conversation,
    reason: failure.reason,
  });
  if (end.parked) parts.metrics.parkedEvents.inc();
  return {
    lane,
    cache: "forget",
    next: end.waitMs > 0 ? { waitMs: end.waitMs } : "again",
    care: lane.care,
  };
}

/** What becomes of a lane whose turn stopped before its first event: there is nothing to commit. */
export async function releaseUnchanged<Run extends AnyRun>(
  parts: WorkerParts<Run>,
  decided: DecidedTurn<Run>,
): Promise<Release> {
  const { turn, stop } = decided;
  if (stop.type === "threw") return failEvent(parts, turn.lane, stop);
  return { lane: turn.lane, cache: null, next: { waitMs: echoWaitMs }, care: turn.lane.care };
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
  const care = Math.max(0, turn.lane.care - applied.length);
  if (stop.type === "wait") return { lane: turn.lane, cache, next: { waitMs: echoWaitMs }, care };
  return {
    lane: turn.lane,
    cache,
    next: stop.type === "threw" || turn.more ? "again" : "done",
    care,
  };
}

async function afterRefusal<Run extends AnyRun>(
  parts: WorkerParts<Run>,
  decided: DecidedTurn<Run>,
  reason: string,
): Promise<Release> {
  const { lane } = decided.turn;
  const [first, second] = decided.applied;
  if (first === undefined)
    return { lane, cache: "forget", next: { waitMs: outageWaitMs }, care: lane.care };
  // Which of several events is the bad one is found by deciding them one at a time.
  if (second !== undefined) return { lane, cache: "forget", next: "again", care: careAfterRefusal };
  return failEvent(parts, lane, { eventId: first.id, reason });
}
