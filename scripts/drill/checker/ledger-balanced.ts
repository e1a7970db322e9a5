import type { Histories, LedgerLine } from "../histories.ts";
import { isAcknowledged } from "./acknowledgements.ts";
import type { Check } from "./verdict.ts";

/**
 * What became of every event adds up to what was received, and what was received is at least what was acknowledged and at most what was
 * posted, by the platform's own history.
 */
export const ledgerBalanced: Check = (histories) => {
  const { ledger } = histories.output;
  return {
    invariant: "the ledger balances",
    counts: {
      received: ledger.reduce((sum, { received }) => sum + received, 0),
      duplicate: ledger.reduce((sum, { duplicate }) => sum + duplicate, 0),
    },
    violations: ledger.flatMap((line) =>
      faults(line, histories).map((sentence) => ({
        sentence: `${line.account}: ${sentence}`,
        where: null,
      })),
    ),
  };
};

function faults(line: LedgerLine, { posts }: Histories): readonly string[] {
  const { received, applied, duplicate, ignored, parked, discarded, pending } = line;
  const became = applied + duplicate + ignored + parked + discarded + pending;
  const own = posts.filter(({ account }) => account === line.account);
  const acknowledged = own.filter(isAcknowledged).length;
  return [
    ...(received === became
      ? []
      : [`${received} events were received, and ${became} became something`]),
    ...(received >= acknowledged
      ? []
      : [`${acknowledged} posts were acknowledged, and ${received} are in the ledger`]),
    ...(received <= own.length
      ? []
      : [`${own.length} posts were made, and ${received} are in the ledger`]),
  ];
}
