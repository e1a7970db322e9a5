import type { Call, Disturbance, Histories, Reply } from "../histories.ts";
import { isAmbiguous, outcomesHidden } from "./ambiguity.ts";
import { type Check, conversationKey, groupBy, type Violation } from "./verdict.ts";

type Copy = Call & { readonly delivery: string; readonly acceptedMs: number };

/** The messages that the platform took, each with its call, in the order of their acceptance. */
export function copiesByDelivery(histories: Histories): ReadonlyMap<string, readonly Copy[]> {
  const isCopy = (call: Call): call is Copy => call.delivery !== null && call.acceptedMs !== null;
  const copies = histories.calls.filter(isCopy).toSorted((a, b) => a.acceptedMs - b.acceptedMs);
  return groupBy(copies, (copy) => copy.delivery);
}

/**
 * Promise 5: each reply reaches its client once. With `resend` a further copy needs an ambiguous one before it; with `hold` there is
 * no second copy, and a reply may be missing only when its attempt was ambiguous and it says `unknown`.
 */
export const deliveredOnce: Check = (histories) => {
  const policies = new Map(histories.accounts.map(({ name, policy }) => [name, policy]));
  const copies = copiesByDelivery(histories);
  const judged = histories.output.replies.map((reply) => {
    const own = copies.get(reply.delivery) ?? [];
    const hold = policies.get(reply.account) === "hold";
    return { reply, copies: own, sentence: fault(reply, own, { histories, hold }) };
  });
  const known = new Set(histories.output.replies.map((reply) => reply.delivery));
  const strays = [...copies].filter(([delivery]) => !known.has(delivery));
  const all = [...copies.values()].flat();
  return {
    invariant: "one delivery per message",
    counts: {
      delivered: judged.filter((one) => one.copies.length > 0).length,
      copies: all.length - copies.size,
      ambiguous: all.filter((copy) => isAmbiguous(copy, histories)).length,
      "held as unknown": judged.filter(({ sentence }) => sentence === "held").length,
    },
    violations: [
      ...judged.flatMap(({ reply, sentence }) =>
        sentence === null || sentence === "held" ? [] : [{ sentence, where: reply }],
      ),
      ...strays.map(([delivery, [first]]) => ({
        sentence: `delivery ${delivery} reached a client and is in no table`,
        where: { account: first?.account ?? "", client: first?.client ?? "" },
      })),
    ],
  };
};

function fault(
  reply: Reply,
  copies: readonly Copy[],
  given: { readonly histories: Histories; readonly hold: boolean },
): string | null {
  const { histories, hold } = given;
  if (copies.length === 0) {
    const excused =
      hold && reply.status === "unknown" && outcomesHidden(histories, 0, histories.healedMs);
    return excused ? "held" : `a reply never reached its client (it says ${reply.status})`;
  }
  if (hold && copies.length > 1)
    return `${copies.length} copies of a reply, and the policy is hold`;
  const unexplained = copies.slice(0, -1).filter((copy) => !isAmbiguous(copy, histories));
  return unexplained.length === 0
    ? null
    : `${copies.length} copies of a reply; the end of call ${unexplained[0]?.call} was known`;
}

/** Replies of a conversation reach the client in the order of their messages; only a sender that was stopped may be late. */
export const deliveredInOrder: Check = (histories) => {
  const copies = copiesByDelivery(histories);
  const violations: Violation[] = [];
  let compared = 0;
  for (const replies of groupBy(histories.output.replies, conversationKey).values()) {
    let latest = 0;
    for (const reply of replies.toSorted((a, b) => a.seq - b.seq)) {
      const [first] = copies.get(reply.delivery) ?? [];
      if (first === undefined) continue;
      compared += 1;
      if (first.arrivedMs < latest && !histories.disturbances.some((one) => delays(one, first)))
        violations.push({
          sentence: `the reply ${reply.delivery} came before an earlier one`,
          where: reply,
        });
      latest = Math.max(latest, first.arrivedMs);
    }
  }
  return { invariant: "replies in order", counts: { compared }, violations };
};

function delays({ target, kind, fromMs, untilMs }: Disturbance, call: Call): boolean {
  const held = (target === "outbox" && kind === "stopped") || target === "outbox-platform";
  return held && fromMs <= call.arrivedMs && untilMs >= call.arrivedMs - 15_000;
}
