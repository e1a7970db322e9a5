import { type Caution, type ClaimedLane, eventsPerLaneMax } from "../lane/lanes.ts";

/** Claims without a release that are explained by a deployment or a kill; from here on an event may be what kills. */
const innocentTries = 2;

/** Whether a lane's holders died often enough that one of its events may have killed them. */
export function isSuspect(lane: ClaimedLane): boolean {
  return lane.tries >= innocentTries || lane.caution.care > 0;
}

/** How many events a lane may be given at once: one while there is a reason for caution. */
export function eventsAllowed(lane: ClaimedLane): number {
  return isSuspect(lane) || lane.caution.single > 0 ? 1 : eventsPerLaneMax;
}

/**
 * The caution a lane is left with after `applied` events. One success clears nobody: the killer may stand anywhere in the batch
 * that its holders died with, and that was as long as a batch can be.
 */
export function cautionAfter(lane: ClaimedLane, applied: number): Caution {
  const { care, single } = lane.caution;
  const suspected = lane.tries >= innocentTries ? Math.max(care, eventsPerLaneMax) : care;
  return { care: Math.max(0, suspected - applied), single: Math.max(0, single - applied) };
}
