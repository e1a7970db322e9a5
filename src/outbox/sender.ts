import type { Channel, SendOutcome } from "../channels/channel.ts";
import type { Clock } from "../core/clock.ts";
import { pause } from "../core/deadline.ts";
import { describeError } from "../core/errors.ts";
import { grouped } from "../core/grouped.ts";
import { type Periodic, periodic } from "../core/service.ts";
import type { ReplyAddress } from "../message/message.ts";
import type { Logger } from "../platform/telemetry/logger.ts";
import type { Metrics } from "../platform/telemetry/metrics.ts";
import type { Origin, Origins } from "../tenants/origins.ts";
import { attemptEnded, deadlinePassed, grantExpired, type Marked, markLost } from "./ends.ts";
import { type Grant, graceMs, type Limiter, type SendRelease } from "./limiter.ts";
import { afterAttempt } from "./policy.ts";
import type { Finished, GrantAnswer, GrantQuestion, OutboxStore } from "./store.ts";

/**
 * The sender: grant a slot, mark the delivery, look at the clock, call the channel, record the end, let the next one go.
 * The intention is committed before the outside world is touched, and the right to touch it ends on the sender's own clock
 * before anybody else may conclude anything.
 */
export type Sender = Periodic & {
  /** Resolves when no call is in flight. */
  readonly idle: () => Promise<void>;
};

export type SenderParts = {
  readonly limiter: Limiter;
  readonly store: OutboxStore;
  readonly origins: Origins;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly deliveryDeadlineMs: number;
};

/** Calls in flight of one process; each origin has its own, lower bound over all processes. */
const callsInFlightMax = 4_096;
/** How long the sender rests when nothing is due, ms; a wake-up cuts it short. */
const restMs = 1_000;
/** How soon a closed limiter is looked at again, ms. */
const coldMs = 250;
/** How soon a delivery is looked at again whose sender or PostgreSQL is late, ms. */
const lateMs = 1_000;
/** How often and how far apart the end of a call is offered to PostgreSQL before its silence has to speak for it. */
const recordTries = 20;
const recordPauseMs = 500;
const exchangeItemsMax = 256;
const exchangeCallsMax = 2;

type Exchanged = { readonly finished: Finished } | { readonly grant: Omit<GrantQuestion, "i"> };
type ExchangeAnswer = GrantAnswer | { readonly verdict: "recorded" };

export function createSender(parts: SenderParts): Sender {
  const { limiter, clock, logger, metrics } = parts;
  const exchange = grouped((items: readonly Exchanged[]) => exchangeGroup(parts.store, items), {
    itemsMax: exchangeItemsMax,
    callsMax: exchangeCallsMax,
  });
  const release = grouped(
    async (releases: readonly SendRelease[]) => {
      await limiter.release(releases);
      return releases.map(() => true);
    },
    { itemsMax: exchangeItemsMax, callsMax: 1 },
  );
  const inFlight = new Set<Promise<void>>();

  const record = async (finished: Finished): Promise<void> => {
    for (let tries = 1; ; tries += 1) {
      try {
        await exchange({ finished });
        return;
      } catch (error) {
        if (tries >= recordTries) throw error;
        await pause(recordPauseMs);
      }
    }
  };

  const letGo = async (one: SendRelease): Promise<void> => {
    // A release that is lost is made good by the lane's lease.
    await release(one).catch(() => undefined);
    service.wake();
  };

  const mark = async (grant: Grant): Promise<GrantAnswer | null> => {
    try {
      const answer = await exchange({
        grant: { t: grant.tenant, c: grant.conversation, k: grant.token },
      });
      return answer.verdict === "recorded" ? null : answer;
    } catch (error) {
      logger.warn("a delivery could not be marked", {
        conversation: grant.conversation,
        error: describeError(error),
      });
      return null;
    }
  };

  const serve = async (grant: Grant, since: number): Promise<void> => {
    const answer = await mark(grant);
    if (answer === null) {
      await record(markLost(grant));
      return letGo({ grant, next: { waitMs: lateMs }, used: false });
    }
    switch (answer.verdict) {
      case "marked":
        return deliver(grant, answer, since);
      case "waiting":
        return letGo({ grant, next: { waitMs: answer.wait_ms }, used: false });
      case "busy":
        return letGo({ grant, next: { waitMs: lateMs }, used: false });
      case "superseded":
        return letGo({ grant, next: "again", used: false });
      case "empty":
        return letGo({ grant, next: "empty", used: false });
    }
  };

  const deliver = async (grant: Grant, marked: Marked, since: number): Promise<void> => {
    const origin = parts.origins.byId(grant.origin);
    const channel = origin === undefined ? undefined : parts.channels.get(origin.channel);
    if (
      origin === undefined ||
      channel === undefined ||
      clock.monotonic() - since > graceMs(origin.rate.windowMs)
    ) {
      await record(grantExpired(grant, marked));
      return letGo({ grant, next: { waitMs: origin === undefined ? lateMs : 1 }, used: false });
    }
    if (marked.left_ms <= 0) {
      metrics.parkedDeliveries.inc();
      await record(deadlinePassed(grant, marked));
      return letGo({ grant, next: "done", used: false });
    }
    if (marked.attempt === 1)
      metrics.limiterWaitSeconds.observe(
        Math.max(0, parts.deliveryDeadlineMs - marked.left_ms) / 1_000,
      );
    const outcome = await call(channel, origin, { grant, marked });
    await conclude(grant, { marked, origin, outcome });
  };

  const call = async (
    channel: Channel,
    origin: Origin,
    given: { readonly grant: Grant; readonly marked: Marked },
  ): Promise<SendOutcome> => {
    const begun = clock.monotonic();
    const message = bodyOf(given.marked.body);
    const id = deliveryId(given.grant, given.marked);
    const outcome = await channel.send(
      { id, ...message, author: given.marked.author },
      origin.account,
    );
    metrics.sendSeconds.observe((clock.monotonic() - begun) / 1_000);
    metrics.sends.inc({ outcome: outcome.type });
    if (outcome.type !== "sent" || logger.debugs) noteEnd(id, outcome);
    return outcome;
  };

  const noteEnd = (delivery: string, outcome: SendOutcome): void => {
    const detail = "detail" in outcome ? outcome.detail : undefined;
    const status = "status" in outcome ? outcome.status : undefined;
    if (outcome.type === "sent") logger.debug("delivery sent", { delivery, status });
    else logger.warn("delivery not sent", { delivery, outcome: outcome.type, detail, status });
  };

  const conclude = async (
    grant: Grant,
    given: { readonly marked: Marked; readonly origin: Origin; readonly outcome: SendOutcome },
  ): Promise<void> => {
    const { marked, origin, outcome } = given;
    const policy = origin.unknown[marked.author];
    const after = afterAttempt(outcome, {
      failures: marked.failures,
      policy,
      leftMs: marked.left_ms,
      jitter: Math.random(),
    });
    if (after.hold !== null) await limiter.hold(origin.id, after.hold.ms).catch(() => undefined);
    if (after.parkReason !== null) metrics.parkedDeliveries.inc();
    if (outcome.type === "sent")
      metrics.deliverySeconds.observe(
        Math.max(0, parts.deliveryDeadlineMs - marked.left_ms) / 1_000,
      );
    await record(attemptEnded(grant, marked, { outcome, after }));
    await letGo({ grant, next: after.final ? "done" : { waitMs: after.waitMs }, used: true });
  };

  const track = (work: Promise<void>): void => {
    const tracked = work
      .catch((error) =>
        logger.error("a delivery was left to its silence", { error: describeError(error) }),
      )
      .finally(() => inFlight.delete(tracked));
    inFlight.add(tracked);
  };

  const service = periodic({
    name: "sender",
    pauseMs: restMs,
    onError: (error) => logger.debug("sender", { error: describeError(error) }),
    run: async () => {
      while (inFlight.size < callsInFlightMax) {
        const since = clock.monotonic();
        const dispatched = await limiter.dispatch(`${crypto.randomUUID()}.`);
        if (dispatched.type === "cold")
          return (await limiter.rebuild(parts.store, parts.origins.all())) ? 0 : coldMs;
        if (dispatched.grants.length === 0) return Math.min(dispatched.nextDueMs ?? restMs, restMs);
        for (const grant of dispatched.grants) track(serve(grant, since));
      }
      return restMs;
    },
  });

  return {
    ...service,
    idle: async () => {
      await Promise.all(inFlight);
    },
  };
}

/** A delivery's name for platforms and people: tenant, conversation and its place in it. */
function deliveryId(grant: Grant, marked: Marked): string {
  return `${grant.tenant}-${grant.conversation}-${marked.seq}`;
}

/** Written by the commit of the conversation, so it is read without a second check. */
function bodyOf(body: string): { readonly text: string; readonly address: ReplyAddress } {
  const message: { readonly text: string; readonly address: ReplyAddress } = JSON.parse(body);
  return message;
}

async function exchangeGroup(
  store: OutboxStore,
  items: readonly Exchanged[],
): Promise<readonly ExchangeAnswer[]> {
  const finished = items.flatMap((item) => ("finished" in item ? [item.finished] : []));
  const grants = items.flatMap((item, i) => ("grant" in item ? [{ i, ...item.grant }] : []));
  const answers = new Map(
    (await store.exchange(finished, grants)).map((answer) => [answer.i, answer]),
  );
  return items.map(
    (item, i) =>
      answers.get(i) ?? ("finished" in item ? { verdict: "recorded" } : { verdict: "empty", i }),
  );
}
