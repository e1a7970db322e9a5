import type { Call, Disturbance, Histories, Target } from "../histories.ts";

/** How long after the platform's answer its record may take to be committed, ms. */
const commitMarginMs = 2_000;
/** How much earlier than the channel's time-out an answer must have left to be in time, ms. */
const answerMarginMs = 100;

const senders: readonly Target[] = ["outbox"];
const roads: readonly Target[] = ["outbox-platform", "postgres", "outbox-postgres"];

/**
 * Whether the sender cannot have known, or not have recorded, the end of this call: the platform's log shows no completed answer in
 * time, or the nemesis killed, stopped or cut off a sender before the outcome was committed.
 */
export function isAmbiguous(call: Call, histories: Histories): boolean {
  const { end, arrivedMs } = call;
  const lateMs = histories.sendTimeoutMs - answerMarginMs;
  if (end === null || end.ending !== "answered" || end.atMs - arrivedMs >= lateMs) return true;
  const until = end.atMs + commitMarginMs;
  return histories.disturbances.some(
    (one) => hidesOutcomes(one) && one.fromMs <= until && one.untilMs >= arrivedMs,
  );
}

function hidesOutcomes({ target, kind }: Disturbance): boolean {
  if (senders.includes(target)) return kind === "killed" || kind === "stopped";
  return roads.includes(target) && kind !== "slow";
}

/** Whether anything happened between two times that may leave a delivery without an outcome. */
export function outcomesHidden(histories: Histories, fromMs: number, untilMs: number): boolean {
  return histories.disturbances.some(
    (one) =>
      (hidesOutcomes(one) || one.target === "platform") &&
      one.fromMs <= untilMs &&
      one.untilMs >= fromMs,
  );
}
