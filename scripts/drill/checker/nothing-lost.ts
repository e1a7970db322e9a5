import { acknowledgements, isAcknowledged } from "./acknowledgements.ts";
import { type Check, messageKey } from "./verdict.ts";

/** Promise 1: whatever was acknowledged was applied, or is parked where people see it. */
export const nothingLost: Check = (histories) => {
  const { invocations, output, posts } = histories;
  const applied = new Set(output.logs.map(messageKey));
  const parked = new Set(output.parked.map(messageKey));
  const known = acknowledgements(histories);
  const acknowledged = invocations.filter(
    (one) => known.get(messageKey(one))?.acknowledgedMs != null,
  );
  const lost = acknowledged.filter(
    (one) => !applied.has(messageKey(one)) && !parked.has(messageKey(one)),
  );
  const posted = posts.filter((post) => post.hookType === "inbox" && isAcknowledged(post)).length;
  return {
    invariant: "acknowledged is applied",
    counts: {
      written: invocations.length,
      acknowledged: acknowledged.length,
      applied: applied.size,
      parked: parked.size,
      "duplicates absorbed": posted - acknowledged.length,
    },
    violations: lost.map((one) => ({
      sentence: `message ${one.message} (${one.kind}) was acknowledged and never applied`,
      where: one,
    })),
  };
};
