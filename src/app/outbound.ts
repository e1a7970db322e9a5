import type { Channel } from "../channels/channel.ts";
import type { Delivery } from "../conversation/worker-parts.ts";
import { systemClock } from "../core/clock.ts";
import type { Service } from "../core/service.ts";
import { createAnnouncer } from "../outbox/announcer.ts";
import type { AddressOf } from "../outbox/file-address.ts";
import { silentMs } from "../outbox/keeper.ts";
import { createLimiter, type Limiter } from "../outbox/limiter.ts";
import { createSender } from "../outbox/sender.ts";
import { createOutboxStore, type OutboxStore } from "../outbox/store.ts";
import type { Origins } from "../tenants/origins.ts";
import type { Foundation } from "./foundation.ts";
import type { AppStores } from "./stores.ts";

/** The way out: from a committed reply to the platform. */
export type Outbound = {
  readonly limiter: Limiter;
  readonly store: OutboxStore;
  /** Tells the senders of committed replies; never throws, never waits. */
  readonly deliver: (deliveries: readonly Delivery[]) => void;
  /** What a process runs that sends. */
  readonly services: readonly Service[];
  /** Resolves when no call to a platform is in flight. */
  readonly idle: () => Promise<void>;
};

/** Builds the way out; nothing is sent until its services start. */
export function createOutbound(
  foundation: Foundation,
  stores: AppStores,
  parts: {
    readonly channels: ReadonlyMap<string, Channel>;
    readonly origins: Origins;
    readonly fileAddress: AddressOf;
  },
): Outbound {
  const { config, logger, metrics, redis } = foundation;
  const store = createOutboxStore(stores.work);
  const longestSilenceMs = Math.max(...[...parts.channels.values()].map(silentMs));
  const limiter = createLimiter(redis, stores.outboxPrefix, longestSilenceMs);
  const announce = createAnnouncer({ limiter, tickets: stores.outbox, ready: redis.ready });
  const sender = createSender({
    ...parts,
    limiter,
    store,
    clock: systemClock,
    logger,
    metrics,
    deliveryDeadlineMs: config.deliveryDeadlineMs,
  });
  const consumer: Service = {
    name: "outbox queue",
    start: () => stores.outbox.consume(1, async () => sender.wake()),
    // The sender stops by itself; a wake-up that comes later does nothing.
    stop: async () => undefined,
  };
  return {
    limiter,
    store,
    deliver: (deliveries) =>
      announce(
        deliveries.map(({ origin, conversation, identity, count }) => ({
          tenant: origin.tenant,
          origin: origin.id,
          conversation,
          count,
          waitMs: 0,
          scopes: parts.channels.get(origin.channel)?.limits.scopes(identity ?? "") ?? [],
        })),
      ),
    services: [consumer, sender],
    idle: sender.idle,
  };
}
