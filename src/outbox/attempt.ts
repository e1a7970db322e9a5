import type { Channel, SendOutcome } from "../channels/channel.ts";
import type { Clock } from "../core/clock.ts";
import { readDelivery } from "../message/outgoing.ts";
import type { OriginId } from "../core/ids.ts";
import type { Logger } from "../platform/telemetry/logger.ts";
import type { Metrics } from "../platform/telemetry/metrics.ts";
import type { Origin, Origins } from "../tenants/origins.ts";
import { attemptEnded, deadlinePassed, grantExpired, type Marked, markLost } from "./ends.ts";
import { grantLifeMs, grantLifeMsMax } from "./grant-life.ts";
import { type AddressOf, withAddress } from "./file-address.ts";
import { jitterOf } from "./jitter.ts";
import type { Ledger } from "./ledger.ts";
import type { Grant, Limiter, SendRelease } from "./limiter.ts";
import { type AfterAttempt, afterAttempt, unknownPolicy } from "./policy.ts";
import type { HeldScope } from "./scopes.ts";

/**
 * One grant's way: mark the delivery, look at the clock, call the channel, record the end, let the next one go. The intention is
 * committed before the outside world is touched, and the right to touch it ends on the sender's own clock before anybody else
 * may conclude anything.
 *
 *   granted ──mark──▶ marked ──clock──▶ called ──▶ ended ──▶ recorded ──▶ released
 *      │                 └── too late, past the deadline ──────▲              ▲
 *      └── nothing to send, not yet, on hold, nobody knows ──────────────────-┘  the slot is given back
 */
export type AttemptParts = {
  readonly limiter: Limiter;
  readonly ledger: Ledger;
  readonly origins: Origins;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly deliveryDeadlineMs: number;
  readonly fileAddress: AddressOf;
  /** Tells the limiter that a conversation's turn is over. Never rejects. */
  readonly release: (release: SendRelease) => Promise<void>;
};

/** A grant and when, by our own clock, its life began at the latest. */
export type TimedGrant = { readonly grant: Grant; readonly sinceMs: number };

/** How soon a delivery is looked at again whose sender or PostgreSQL is late, ms. */
const lateMs = 1_000;
/** How soon a delivery is tried again whose grant was too old, ms. */
const expiredMs = 1;

type Target = { readonly origin: Origin; readonly channel: Channel };
type Call = Target & { readonly grant: Grant; readonly marked: Marked };

/** Makes the function that serves a grant; it rejects when the end could not be recorded. */
export function createAttempt(parts: AttemptParts): (timed: TimedGrant) => Promise<void> {
  const { limiter, ledger, metrics, release } = parts;
  const noteExpired = createExpiredNote(parts);

  const takeBack = async (grant: Grant, marked: Marked, waitMs: number): Promise<void> => {
    await ledger.record(grantExpired(grant, marked));
    return release({ grant, next: { waitMs }, used: false });
  };

  const deliver = async (timed: TimedGrant, marked: Marked): Promise<void> => {
    const { grant } = timed;
    if (marked.left_ms <= 0) {
      metrics.parkedDeliveries.inc();
      await ledger.record(deadlinePassed(grant, marked));
      return release({ grant, next: "done", used: false });
    }
    const target = targetOf(parts, grant);
    if (target === null) return takeBack(grant, marked, lateMs);
    const held = await liveGrant(parts, timed, target.origin);
    if (!held.live) {
      noteExpired();
      return takeBack(held.grant, marked, expiredMs);
    }
    const call = { ...target, grant: held.grant, marked };
    await conclude(call, await send(parts, call));
  };

  const conclude = async (call: Call, outcome: SendOutcome): Promise<void> => {
    const { grant, marked, origin } = call;
    const decided = afterAttempt(outcome, {
      failures: marked.failures,
      policy: unknownPolicy(call.channel, origin, marked.author),
      leftMs: marked.left_ms,
      jitter: jitterOf(grant.token),
    });
    const after = await onHold(limiter, origin.id, decided);
    if (after.parkReason !== null) metrics.parkedDeliveries.inc();
    if (outcome.type === "sent") metrics.deliverySeconds.observe(ageSeconds(parts, marked));
    await ledger.record(attemptEnded(grant, marked, { outcome, after }));
    await release({ grant, next: nextOf(after), used: true });
  };

  return async (timed) => {
    const { grant } = timed;
    const answer = await ledger.mark(grant);
    if (answer === null) {
      await ledger.record(markLost(grant));
      return release({ grant, next: { waitMs: lateMs }, used: false });
    }
    switch (answer.verdict) {
      case "marked":
        return deliver(timed, answer);
      case "waiting":
        return release({ grant, next: { waitMs: answer.wait_ms }, used: false });
      case "held":
        await limiter
          .hold(grant.origin, answer.wait_ms, scopeOf(answer.held_scope))
          .catch(() => undefined);
        return release({ grant, next: "again", used: false });
      case "busy":
        return release({ grant, next: { waitMs: lateMs }, used: false });
      case "superseded":
        return release({ grant, next: "again", used: false });
      case "empty":
        return release({ grant, next: "empty", used: false });
    }
  };
}

/** Tells Redis of a hold. Where this is lost, the hold is found in PostgreSQL by the next mark. */
async function onHold(
  limiter: Limiter,
  origin: OriginId,
  after: AfterAttempt,
): Promise<AfterAttempt> {
  const { hold } = after;
  if (hold === null) return after;
  const whole = await limiter.hold(origin, hold.ms, hold.scope ?? undefined).catch(() => false);
  return whole ? { ...after, hold: { ...hold, scope: null } } : after;
}

function scopeOf(key: string): HeldScope | undefined {
  return key === "" ? undefined : { key, unsure: false };
}

/** Grants that die before their calls begin mean that nothing is sent; one line this often, ms, says so. */
const expiredNoteMs = 5_000;

function createExpiredNote({ logger, metrics, clock }: AttemptParts): () => void {
  let lastAt = Number.NEGATIVE_INFINITY;
  return () => {
    metrics.grantsExpired.inc();
    if (clock.monotonic() - lastAt < expiredNoteMs) return;
    lastAt = clock.monotonic();
    logger.warn("grants expired before their calls: PostgreSQL or this process is slow");
  };
}

function targetOf(parts: AttemptParts, grant: Grant): Target | null {
  const origin = parts.origins.byId(grant.origin);
  const channel = origin === undefined ? undefined : parts.channels.get(origin.channel);
  return origin === undefined || channel === undefined ? null : { origin, channel };
}

/**
 * Whether a call may begin now, by our own clock, and the grant as it stands in the limiter. A grant of a short window may be renewed
 * while marking took longer than it lives, but never beyond the longest life of any grant: by that others conclude that we are silent.
 */
async function liveGrant(
  parts: AttemptParts,
  timed: TimedGrant,
  origin: Origin,
): Promise<{ readonly grant: Grant; readonly live: boolean }> {
  const { clock, limiter } = parts;
  const { grant, sinceMs } = timed;
  const windows = [origin.rate.windowMs, ...grant.scopes.map(({ windowMs }) => windowMs)];
  const lifeMs = grantLifeMs(Math.min(...windows));
  if (clock.monotonic() - sinceMs <= lifeMs) return { grant, live: true };
  const renewedMs = clock.monotonic();
  if (renewedMs - sinceMs > grantLifeMsMax) return { grant, live: false };
  const renewed = await limiter.renew(grant).catch(() => null);
  if (renewed === null) return { grant, live: false };
  const now = clock.monotonic();
  // Renewed too late, its slot stands at the new time all the same, and is given back there.
  return { grant: renewed, live: now - renewedMs <= lifeMs && now - sinceMs <= grantLifeMsMax };
}

async function send(parts: AttemptParts, call: Call): Promise<SendOutcome> {
  const { clock, metrics } = parts;
  const { grant, marked, origin, channel } = call;
  if (marked.attempt === 1) metrics.limiterWaitSeconds.observe(ageSeconds(parts, marked));
  const begun = clock.monotonic();
  const id = deliveryId(grant, marked);
  const { address, content: written } = readDelivery(marked.body);
  const content = withAddress(written, grant.tenant, parts.fileAddress);
  const outcome =
    content === null
      ? noAddress
      : await channel.send({ id, address, content, author: marked.author }, origin.account);
  metrics.sendSeconds.observe((clock.monotonic() - begun) / 1_000);
  metrics.sends.inc({ outcome: outcome.type });
  note(parts.logger, id, outcome);
  return outcome;
}

/** Trying again would not help: the installation has to say first how the world reaches it. */
const noAddress: SendOutcome = {
  type: "rejected",
  status: 0,
  reason: "content",
  detail: "file_without_address",
};

function note(logger: Logger, delivery: string, outcome: SendOutcome): void {
  const status = "status" in outcome ? outcome.status : undefined;
  if (outcome.type === "sent") {
    if (logger.debugs) logger.debug("delivery sent", { delivery, status });
    return;
  }
  const detail = "detail" in outcome ? outcome.detail : undefined;
  logger.warn("delivery not sent", { delivery, outcome: outcome.type, detail, status });
}

function nextOf(after: { readonly final: boolean; readonly waitMs: number }): SendRelease["next"] {
  if (after.final) return "done";
  return after.waitMs > 0 ? { waitMs: after.waitMs } : "again";
}

/** Since the commit that made the delivery, s. */
function ageSeconds(parts: AttemptParts, marked: Marked): number {
  return Math.max(0, parts.deliveryDeadlineMs - marked.left_ms) / 1_000;
}

/** A delivery's name for platforms and people: tenant, conversation and its place in it. */
function deliveryId(grant: Grant, marked: Marked): string {
  return `${grant.tenant}-${grant.conversation}-${marked.seq}`;
}
