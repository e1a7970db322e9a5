import type { Disturbance, Histories } from "../histories.ts";
import { type Answered, answerTimes, slackMs, spread } from "./answer-times.ts";
import type { Check, Violation } from "./verdict.ts";

/** A killed worker's work is running again within this, ms. */
const workMs = 10_000;
/** A delivery of a killed sender is decided within its send time-out and this, ms; a resend then begins after its first back-off. */
const deliveryMarginMs = 3_000;
const firstBackOffMs = 1_000;
/** Nothing is left after healing for longer than this and what the limit needs for the backlog, ms. */
const stuckMs = 60_000;

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
    histories.accounts.filter(({ limit }) => limit.count >= 1_000).map(({ name }) => name),
  );
  const answered = answerTimes(histories).filter(({ invocation }) => roomy.has(invocation.account));
  const slack = slackMs(histories, answered);
  const violations: Violation[] = [];
  const recoveries: number[] = [];
  const blows = histories.disturbances.filter(({ kind }) => kind === "killed");
  for (const blow of blows) {
    const limit = limitOf(blow, histories);
    if (limit === null) continue;
    const hit = answered.filter(
      ({ acknowledgedMs, answeredMs }) =>
        acknowledgedMs < blow.fromMs && (answeredMs ?? Number.POSITIVE_INFINITY) > blow.fromMs,
    );
    const alone = !disturbedBetween(histories, blow, blow.fromMs + limit + slack);
    for (const one of hit) {
      const took = (one.answeredMs ?? Number.POSITIVE_INFINITY) - blow.fromMs;
      if (Number.isFinite(took)) recoveries.push(took);
      if (alone && took > limit + slack && !isHeld(one, histories))
        violations.push({
          sentence: `message ${one.invocation.message} was answered ${Math.round(took)} ms after a ${blow.target} was killed; ${Math.round(limit + slack)} ms are allowed`,
          where: one.invocation,
        });
    }
  }
  const { p50, p99, max } = spread(recoveries);
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
    violations,
  };
};

function limitOf(blow: Disturbance, { sendTimeoutMs }: Histories): number | null {
  if (blow.target === "worker") return workMs;
  return blow.target === "outbox" ? sendTimeoutMs + deliveryMarginMs + firstBackOffMs : null;
}

/** Whether anything else begins or lasts between a blow and a time. */
function disturbedBetween(histories: Histories, blow: Disturbance, untilMs: number): boolean {
  return histories.disturbances.some(
    (one) => one !== blow && one.fromMs <= untilMs && one.untilMs >= blow.fromMs,
  );
}
