import type { Histories, Invocation } from "../histories.ts";
import { acknowledgements } from "./acknowledgements.ts";
import { copiesByDelivery } from "./deliveries.ts";
import { messageKey } from "./verdict.ts";

/** A message that was acknowledged, and when its reply first reached the client; null when it never did. */
export type Answered = {
  readonly invocation: Invocation;
  readonly acknowledgedMs: number;
  readonly answeredMs: number | null;
  /** What the delivery says of itself; null when there is none. */
  readonly status: string | null;
};

/** The messages that are owed an answer: acknowledged and not poisonous. */
export function answerTimes(histories: Histories): readonly Answered[] {
  const known = acknowledgements(histories);
  const copies = copiesByDelivery(histories);
  const replies = new Map(
    histories.output.replies.map((one) => [`${one.account}/${one.event}`, one]),
  );
  const logs = new Map(histories.output.logs.map((log) => [messageKey(log), log]));
  return histories.invocations.flatMap((invocation) => {
    const acknowledgedMs = known.get(messageKey(invocation))?.acknowledgedMs ?? null;
    if (acknowledgedMs === null || invocation.poison) return [];
    const log = logs.get(messageKey(invocation));
    const reply = log === undefined ? undefined : replies.get(`${log.account}/${log.event}`);
    const [first] = reply === undefined ? [] : (copies.get(reply.delivery) ?? []);
    return [
      {
        invocation,
        acknowledgedMs,
        answeredMs: first?.acceptedMs ?? null,
        status: reply?.status ?? null,
      },
    ];
  });
}

/** What this machine needs when nothing disturbs it, and how far its clock lagged: added to every limit of time, ms. */
export function slackMs(histories: Histories, answered: readonly Answered[]): number {
  const calm = answered.flatMap(({ acknowledgedMs, answeredMs }) =>
    answeredMs !== null && answeredMs < histories.calmUntilMs ? [answeredMs - acknowledgedMs] : [],
  );
  const lag = Math.max(0, ...histories.lags.map(({ lagMs }) => lagMs));
  return Math.max(0, ...calm) + 2 * lag + slackMinMs;
}

/** A machine's first message tells little about its next hiccup, ms. */
const slackMinMs = 500;

/** p50, p99 and the largest, rounded to whole ms. */
export function spread(values: readonly number[]): {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
} {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) =>
    Math.round(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0);
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
