import type { Call, Histories } from "../histories.ts";
import { type Check, groupBy, type Violation } from "./verdict.ts";

/** Earlier than the drill's clock said a call may really have come, when the machine kept the drill from looking. */
function earliestMs(call: Call, histories: Histories): number {
  const lags = histories.lags.filter(
    ({ atMs, lagMs }) => atMs >= call.arrivedMs - 1 && atMs - lagMs <= call.arrivedMs,
  );
  return call.arrivedMs - Math.max(0, ...lags.map(({ lagMs }) => lagMs));
}

/** Promise 6: no more calls than the limit in any window, by the platform's clock of arrivals. */
export const windowKept: Check = (histories) => {
  const counts: Record<string, number> = {};
  const violations: Violation[] = [];
  const calls = groupBy(
    histories.calls.filter((call) => !call.unread),
    (call) => call.account,
  );
  for (const { name, limit } of histories.accounts) {
    const own = (calls.get(name) ?? []).toSorted((a, b) => a.arrivedMs - b.arrivedMs);
    let most = 0;
    let first = 0;
    for (const [index, call] of own.entries()) {
      while ((own[first]?.arrivedMs ?? call.arrivedMs) + limit.windowMs <= call.arrivedMs)
        first += 1;
      most = Math.max(most, index - first + 1);
      const oldest = own[index - limit.count];
      if (oldest !== undefined && call.arrivedMs - earliestMs(oldest, histories) < limit.windowMs)
        violations.push({
          sentence: `${name}: call ${call.call} is one too many, ${Math.round(call.arrivedMs - oldest.arrivedMs)} ms after call ${oldest.call}, ${limit.count} before it`,
          where: null,
        });
    }
    counts[`most of ${limit.count} on ${name}`] = most;
  }
  return { invariant: "the window is never exceeded", counts, violations };
};

/** Grants given before a 429 was read may still go out for so long, ms. */
const heldAfterMs = 1_000;

/** `Retry-After` is obeyed: no call of that account between the platform's 429 and the end of the wait that it named. */
export const waitObeyed: Check = ({ calls, holds }) => {
  const early = holds.flatMap((hold) =>
    calls.filter(
      (call) =>
        call.account === hold.account &&
        call.arrivedMs > hold.fromMs + heldAfterMs &&
        call.arrivedMs < hold.fromMs + hold.retryAfterMs,
    ),
  );
  return {
    invariant: "Retry-After is obeyed",
    counts: { holds: holds.length },
    violations: early.map((call) => ({
      sentence: `${call.account}: call ${call.call} came before the wait was over`,
      where: null,
    })),
  };
};
