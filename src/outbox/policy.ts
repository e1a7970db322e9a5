import { isSupported } from "../channels/capability.ts";
import type { Channel, SendOutcome } from "../channels/channel.ts";
import type { ReplyAddress } from "../message/message.ts";
import type { HeldScope } from "./scopes.ts";
import type { Origin, UnknownPolicy } from "../tenants/origins.ts";

/**
 * What becomes of a delivery after an attempt. Pure.
 *
 *   sending ──▶ sent, rejected                       final
 *           ──▶ throttled, quota, unauthorized       pending again at once, the account or scope is on hold; not counted
 *           ──▶ moved                                pending again with the new address
 *           ──▶ failed, not_sent                     pending after a back-off; parked after the last one or the deadline
 *           ──▶ unknown ── hold ───▶                 final, shown
 *                       ── resend ─▶                 pending after a back-off, one extra copy per such attempt
 */
export type AfterAttempt = {
  readonly final: boolean;
  readonly waitMs: number;
  readonly failures: number;
  readonly hold: Hold | null;
  /** Where it goes now instead. */
  readonly movedTo: ReplyAddress | null;
  readonly parkReason: string | null;
};

export type Hold = {
  readonly ms: number;
  readonly reason: "throttled" | "quota" | "unauthorized";
  /** Null: the whole account. */
  readonly scope: HeldScope | null;
};

export type AttemptContext = {
  /** Certain and ambiguous failures before this attempt. */
  readonly failures: number;
  readonly policy: UnknownPolicy;
  /** Ms until the delivery's deadline. */
  readonly leftMs: number;
  /** 0 ≤ jitter < 1, so that what failed together does not come back together. */
  readonly jitter: number;
};

/** Quick retries, ms; most failures are over within them. */
const quickRetriesMs = [1_000, 2_000, 4_000] as const;
/** Slow retries after the quick ones. */
const slowRetriesMax = 50;
const slowFirstMs = 8_000;
const slowGrowth = 1.5;
const slowMsMax = 3_600_000;

/** A throttle without a time names none; the window's own length would be too careful, no pause too rude. */
const throttledDefaultMs = 5_000;
/** A platform that says "now" in a 429 would be called again and again without a pause. */
const throttledMsMin = 250;
/** A monthly quota does not come back soon, but it is raised by people who then expect to go on. */
const quotaHoldMs = 3_600_000;
/** A refused token is tried again so that a token repaired on the platform's side is noticed. */
const unauthorizedHoldMs = 300_000;

/** Decides what follows an attempt's end. */
export function afterAttempt(outcome: SendOutcome, context: AttemptContext): AfterAttempt {
  switch (outcome.type) {
    case "sent":
    case "rejected":
      return ended;
    case "throttled":
      return onHold({
        ms: throttledMs(outcome.retryAfterMs),
        reason: "throttled",
        scope: outcome.scope,
      });
    case "quota":
      return onHold({ ms: quotaHoldMs, reason: "quota", scope: null });
    case "unauthorized":
      return onHold({ ms: unauthorizedHoldMs, reason: "unauthorized", scope: null });
    case "moved":
      return {
        ...retry(context),
        ...(context.failures === 0 ? { waitMs: 0 } : {}),
        movedTo: outcome.address,
      };
    case "failed":
    case "not_sent":
      return retry(context);
    case "unknown":
      return context.policy === "hold" ? ended : retry(context);
  }
}

/** Attempts whose sender fell silent before a delivery is taken for one that kills its senders. */
const silencesMax = 5;

/**
 * Decides what follows when a sender has fallen silent; `silences` counts the earlier ones. A delivery whose handling crashes is
 * parked, so that it does not take one sender after the other with it.
 */
export function afterSilence(context: AttemptContext, silences: number): AfterAttempt {
  const after = afterAttempt({ type: "unknown", detail: "sender_silent" }, context);
  if (after.final || silences + 1 < silencesMax) return after;
  return { ...after, final: true, waitMs: 0, parkReason: "senders_silent" };
}

/**
 * What an unknown end of this delivery means. Where the platform itself makes one of two sends, sending again is always right.
 */
export function unknownPolicy(
  channel: Pick<Channel, "idempotency">,
  origin: Pick<Origin, "unknown">,
  author: "bot" | "operator",
): UnknownPolicy {
  return isSupported(channel.idempotency) ? "resend" : origin.unknown[author];
}

const ended: AfterAttempt = {
  final: true,
  waitMs: 0,
  failures: 0,
  hold: null,
  movedTo: null,
  parkReason: null,
};

/** It is the account or the scope that waits, not the delivery: whoever lifts the hold lets it go at once. */
function onHold(hold: Hold): AfterAttempt {
  return { ...ended, final: false, hold };
}

function throttledMs(retryAfterMs: number | null): number {
  return Math.max(throttledMsMin, retryAfterMs ?? throttledDefaultMs);
}

function retry(context: AttemptContext): AfterAttempt {
  const waitMs = backOffMs(context.failures, context.jitter);
  const spent = context.failures >= quickRetriesMs.length + slowRetriesMax;
  const late = waitMs >= context.leftMs ? "deadline" : null;
  const parkReason = spent ? "retries_spent" : late;
  return { ...ended, final: parkReason !== null, waitMs, failures: 1, parkReason };
}

/** Ms before the next try after `failures` earlier ones: 1, 2, 4 s exactly, then growing, jittered by up to a half, at most an hour. */
export function backOffMs(failures: number, jitter: number): number {
  const quick = quickRetriesMs[failures];
  if (quick !== undefined) return quick;
  const grown = slowFirstMs * slowGrowth ** (failures - quickRetriesMs.length);
  return Math.round(Math.min(grown, slowMsMax) * (1 - jitter / 2));
}
