import type { Posted, Settled } from "../load/commands.ts";

/**
 * What went wrong with a load, in words; empty when every webhook was accepted in the end and every reply was right. A webhook that had
 * to be delivered again is no fault: a machine may be too slow for its first delivery.
 */
export function faultsOf(posted: Posted, settled: Settled): readonly string[] {
  const faults = {
    "webhooks not accepted": posted.unaccepted,
    "broken dialogs": settled.brokenDialogs,
    "missing replies": settled.missingReplies,
    "extra replies": settled.extraReplies,
  };
  return Object.entries(faults)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`);
}
