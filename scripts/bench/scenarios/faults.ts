import type { Posted, Settled } from "../load/commands.ts";

/** What went wrong with a load, in words; empty when every webhook was accepted and every reply was right. */
export function faultsOf(posted: Posted, settled: Settled): readonly string[] {
  return [
    ...refusals(posted),
    ...counted({
      "broken dialogs": settled.brokenDialogs,
      "missing replies": settled.missingReplies,
      "extra replies": settled.extraReplies,
    }),
  ];
}

/** What went wrong with the webhooks alone. */
function refusals(posted: Posted): readonly string[] {
  return counted({ "refused webhooks": posted.refused });
}

function counted(faults: Readonly<Record<string, number>>): readonly string[] {
  return Object.entries(faults)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`);
}
