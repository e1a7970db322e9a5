import type { Channel } from "../channels/channel.ts";
import type { Clock } from "../core/clock.ts";
import { retrying } from "../core/deadline.ts";
import { describeError } from "../core/errors.ts";
import { grouped } from "../core/grouped.ts";
import { type Periodic, periodic } from "../core/service.ts";
import type { Logger } from "../platform/telemetry/logger.ts";
import type { Metrics } from "../platform/telemetry/metrics.ts";
import type { Origins } from "../tenants/origins.ts";
import { createAttempt, type TimedGrant } from "./attempt.ts";
import type { AddressOf } from "./file-address.ts";
import { createInFlight } from "./in-flight.ts";
import { createLedger } from "./ledger.ts";
import type { Limiter, SendRelease } from "./limiter.ts";
import type { ScopesOf } from "./scopes.ts";
import type { OutboxStore } from "./store.ts";

/** The sender: asks for grants as long as there are any, and serves them side by side. */
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
  readonly fileAddress: AddressOf;
};

/**
 * Calls in flight of one process; each origin has its own bound over all processes. Bun has at most 256 calls of `fetch` under way
 * and lets further ones wait in line: they would begin after their grants are dead.
 */
const callsInFlightMax = 240;
/** How long the sender rests when nothing is due, ms; a wake-up cuts it short. */
const restMs = 1_000;
/** How soon a closed limiter is looked at again, ms. */
const coldMs = 250;
const releasesPerCallMax = 256;
/** As long as a lease lasts, about; afterwards the limiter puts the conversation back itself. */
const releaseRetries = { tries: 24, pauseMs: 500 } as const;

/** Makes a sender that rests until `start`; what fails is logged and tried again, and nothing rejects. */
export function createSender(parts: SenderParts): Sender {
  const { limiter, clock, logger } = parts;
  const inFlight = createInFlight(() => service.wake());
  let stopping = false;

  const releaseGroup = grouped(
    async (releases: readonly SendRelease[]) => {
      // A short absence of Redis is waited out: without its release a conversation rests until its lease is over.
      await retrying(() => limiter.release(releases), releaseRetries);
      return releases.map(() => true);
    },
    { itemsMax: releasesPerCallMax, callsMax: 1 },
  );
  const release = async (one: SendRelease): Promise<void> => {
    // A release that is lost is made good by the lane's lease.
    await releaseGroup(one).catch(() => undefined);
  };
  const attempt = createAttempt({
    ...parts,
    ledger: createLedger(parts.store, logger),
    release,
  });

  const scopesOf: ScopesOf = (origin) => {
    const limits = parts.channels.get(origin.channel)?.limits;
    return limits === undefined || limits.scopesWithinMs === 0 ? null : limits;
  };

  const serve = (timed: TimedGrant): Promise<void> =>
    attempt(timed).catch((error) =>
      logger.error("a delivery was left to its silence", { error: describeError(error) }),
    );

  /** Grants and serves once; resolves with how long to rest then, ms, or null when there may be more. */
  const grantSome = async (): Promise<number | null> => {
    const sinceMs = clock.monotonic();
    const free = callsInFlightMax - inFlight.size();
    const dispatched = await limiter.dispatch(`${crypto.randomUUID()}.`, free, inFlight.perOrigin);
    if (dispatched.type === "cold") {
      const opened = await limiter.rebuild(parts.store, parts.origins.all(), scopesOf);
      return opened ? 0 : coldMs;
    }
    if (dispatched.grants.length === 0) return Math.min(dispatched.nextDueMs ?? restMs, restMs);
    for (const grant of dispatched.grants) inFlight.add(grant.origin, serve({ grant, sinceMs }));
    return null;
  };

  const grantAll = async (): Promise<number> => {
    while (!stopping && inFlight.size() < callsInFlightMax) {
      const rest = await grantSome();
      if (rest !== null) return rest;
    }
    return restMs;
  };

  const service = periodic({
    name: "sender",
    pauseMs: restMs,
    onError: (error) => logger.debug("sender", { error: describeError(error) }),
    run: grantAll,
  });

  return {
    ...service,
    start: async () => {
      stopping = false;
      await service.start();
    },
    stop: async () => {
      stopping = true;
      await service.stop();
    },
    idle: inFlight.ended,
  };
}
