import { acknowledgements } from "./acknowledgements.ts";
import { type Check, conversationKey, groupBy, messageKey, type Violation } from "./verdict.ts";

/**
 * Promise 3: if A was acknowledged before B of the same conversation was first posted, A is applied first. Messages that were on
 * their way together may be applied in either order.
 */
export const orderKept: Check = (histories) => {
  const known = acknowledgements(histories);
  const violations: Violation[] = [];
  let pairs = 0;
  for (const logs of groupBy(histories.output.logs, conversationKey).values()) {
    const inOrder = logs.toSorted((a, b) => a.seq - b.seq);
    // Walking backwards, the earliest acknowledgement among all that were applied later.
    let earliest = Number.POSITIVE_INFINITY;
    for (const log of inOrder.toReversed()) {
      const own = known.get(messageKey(log));
      if (own === undefined) continue;
      pairs += 1;
      if (earliest < own.startedMs)
        violations.push({
          sentence: `message ${log.message} was applied before one that was acknowledged before it was posted`,
          where: log,
        });
      earliest = Math.min(earliest, own.acknowledgedMs ?? Number.POSITIVE_INFINITY);
    }
  }
  return {
    invariant: "order per conversation",
    counts: { "applied in order": pairs - violations.length },
    violations,
  };
};
