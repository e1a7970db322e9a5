import type { Disturbance, Histories } from "../histories.ts";
import { type Answered, answerTimes, slackMs, spread } from "./answer-times.ts";
import { type Check, conversationKey, type Violation } from "./verdict.ts";

/** A killed worker's work is running again within this, ms. */
const workMs = 10_000;
/** A delivery of a killed sender is decided within its send time-out and this, ms; a resend then begins after its first back-off. */
const deliveryMarginMs = 3_000;
const firstBackOffMs = 1_000;
/** Nothing is left after healing for longer than this and what the limit needs for the backlog, ms. */
const stuckMs = 60_000;
/** An account that may send so much in a window never waits for its limit. */
const roomyCount = 1_000;

/** Nothing is left stuck: every acknowledged message is answered in time after healing, and no work is open at the end. */
export const nothingStuck: Check = (histories) => {
  const violations: Violation[] = [];
  const answered = answerTimes(histories);
  const lateness: number[] = [];
  for (const one of answered) {
    if (one.answeredMs === null) {
      if (isHeld(one, histories)) continue;
      violations.push({
        sentence: `message ${one.invocation.message} was never answered`,
        where: one.invocation,
      });
      continue;
    }
    const after = one.answeredMs - Math.max(histories.healedMs, one.acknowledgedMs);
    if (after > 0) lateness.push(after);
    if (after > stuckMs + backlogMs(one, answered, histories))
      violations.push({
        sentence: `message ${one.invocation.message} was answered ${Math.round(after / 1_000)} s after healing`,
        where: one.invocation,
      });
  }
  const { pending, outbox } = histories.output.open;
  if (pending + outbox > 0)
    violations.push({
      sentence: `${pending} events and ${outbox} deliveries are open at the end`,
      where: null,
    });
  return {
    invariant: "nothing is stuck",
    counts: {
      answered: answered.length - violations.length,
      "ms after healing, max": spread(lateness).max,
    },
    violations,
  };
};

function isHeld(one: Answered, { accounts }: Histories): boolean {
  const hold = accounts.find(({ name }) => name === one.invocation.account)?.policy === "hold";
  return hold && one.status === "unknown";
}

/** How long the limit needs for everything of this account that was still to be sent. */
function backlogMs(one: Answered, all: readonly Answered[], histories: Histories): number {
  const terms = histories.accounts.find(({ name }) => name === one.invocation.account);
  if (terms === undefined) return 0;
  const backlog = all.filter(
    (other) =>
      other.invocation.account === one.invocation.account &&
      (other.answeredMs ?? Number.POSITIVE_INFINITY) > histories.healedMs,
  ).length;
  return (backlog / terms.limit.count) * terms.limit.windowMs;
}

/** Promise 7, judged for each blow that nothing else disturbed; accounts that wait for their limit are left out. */
export const recoveredInTime: Check = (histories) => {
  const roomy = new Set(
    histories.accounts.filter(({ limit }) => limit.count >= roomyCount).map(({ name }) => name),
  );
  // What stands behind poison waits for it to be parked, by promise.
  const poisoned = new Set(histories.invocations.filter((one) => one.poison).map(conversationKey));
  const answered = answerTimes(histories).filter(
    ({ invocation }) => roomy.has(invocation.account) && !poisoned.has(conversationKey(invocation)),
  );
  const slack = slackMs(histories, answered);
  const blows = histories.disturbances.filter((one) => limitOf(one, histories) !== null);
  const judged = blows.map((blow) => judge(blow, answered, { histories, slack }));
  const recoveries = judged.flatMap(({ recoveries: own }) => own);
  const { p50, p99, max } = spread(recoveries.filter(Number.isFinite));
  return {
    invariant: "killed work runs again in time",
    counts: {
      kills: blows.length,
      "messages hit": recoveries.length,
      "p50 ms": p50,
      "p99 ms": p99,
      "max ms": max,
      "slack ms": Math.round(slack),
    },
    violations: judged.flatMap(({ violations }) => violations),
  };
};

type Judged = { readonly recoveries: readonly number[]; readonly violations: readonly Violation[] };

/** The messages that were acknowledged and not answered when the blow fell. */
function judge(
  blow: Disturbance,
  answered: readonly Answered[],
  given: { readonly histories: Histories; readonly slack: number },
): Judged {
  const { histories, slack } = given;
  const limit = (limitOf(blow, histories) ?? 0) + slack;
  const hit = answered
    .map((one) => ({ one, tookMs: (one.answeredMs ?? Number.POSITIVE_INFINITY) - blow.fromMs }))
    .filter(({ one, tookMs }) => one.acknowledgedMs < blow.fromMs && tookMs > 0);
  const late = hit.filter(
    ({ one, tookMs }) =>
      tookMs > limit &&
      !isHeld(one, histories) &&
      isAlone(blow, histories, { fromMs: one.acknowledgedMs, untilMs: blow.fromMs + limit }),
  );
  return {
    recoveries: hit.map(({ tookMs }) => tookMs),
    violations: late.map(({ one, tookMs }) => ({
      sentence: `message ${one.invocation.message} was answered ${Math.round(tookMs)} ms after a ${blow.target} was killed; ${Math.round(limit)} ms are allowed`,
      where: one.invocation,
    })),
  };
}

function limitOf(blow: Disturbance, { sendTimeoutMs }: Histories): number | null {
  if (blow.kind !== "killed") return null;
  if (blow.target === "worker") return workMs;
  return blow.target === "outbox" ? sendTimeoutMs + deliveryMarginMs + firstBackOffMs : null;
}

/**
 * Whether nothing else happened while a message waited. Workers that were killed before change nothing, but a delivery that met
 * trouble before waits for its back-off, which grows.
 */
function isAlone(
  blow: Disturbance,
  { disturbances }: Histories,
  waited: { readonly fromMs: number; readonly untilMs: number },
): boolean {
  const counts = (one: Disturbance) =>
    one !== blow &&
    !(blow.target === "worker" && isKillBefore(one, blow)) &&
    one.fromMs <= waited.untilMs &&
    one.untilMs >= waited.fromMs;
  return !disturbances.some(counts);
}

function isKillBefore(one: Disturbance, blow: Disturbance): boolean {
  return one.target === blow.target && one.kind === "killed" && one.fromMs < blow.fromMs;
}
