import type { Channel } from "../channels/channel.ts";
import { createReaper } from "../conversation/keeper.ts";
import { createPoster } from "../conversation/poster.ts";
import { type ConversationStore, createConversationStore } from "../conversation/store.ts";
import { createWorker, type Worker } from "../conversation/worker.ts";
import type { Delivery } from "../conversation/worker-parts.ts";
import { systemClock } from "../core/clock.ts";
import type { Service } from "../core/service.ts";
import { orderDialog } from "../dialog/flows/order/order.ts";
import { createWebhooks, type Webhooks } from "../ingress/webhook.ts";
import { createJournal } from "../journal/journal.ts";
import { createLanes, type Lanes } from "../lane/lanes.ts";
import type { TicketQueue } from "../platform/queue/tickets.ts";
import type { Origins } from "../tenants/origins.ts";
import type { Foundation } from "./foundation.ts";
import type { AppStores } from "./stores.ts";

/** The way in: from a webhook to what it changes. */
export type Inbound = {
  readonly webhooks: Webhooks;
  readonly lanes: Lanes;
  readonly store: ConversationStore;
  /** What a process runs that decides. */
  readonly services: readonly Service[];
};

/** Builds the way in; nothing is decided until its services start. */
export function createInbound(
  foundation: Foundation,
  stores: AppStores,
  parts: {
    readonly channels: ReadonlyMap<string, Channel>;
    readonly origins: Origins;
    readonly deliver: (deliveries: readonly Delivery[]) => void;
  },
): Inbound {
  const { config, logger, metrics, redis } = foundation;
  const { messages } = stores;
  const { channels, origins, deliver } = parts;
  const lanes = createLanes(redis, stores.lanePrefix);
  const store = createConversationStore(stores.work);
  const { sessionSilenceMs, dialogSilenceMs, deliveryDeadlineMs } = config;
  const worker = createWorker({
    lanes,
    store,
    origins,
    channels,
    logger,
    metrics,
    deliver,
    dialog: orderDialog,
    clock: systemClock,
    settings: { sessionSilenceMs, dialogSilenceMs, deliveryDeadlineMs },
  });
  const webhooks = createWebhooks({
    origins,
    channels,
    journal: createJournal(stores.ingress),
    clock: systemClock,
    post: createPoster({ lanes, tickets: messages, ready: redis.ready }),
    logger,
    metrics,
  });
  const consumer = createConsumer(worker, messages, config.workerConcurrency);
  const reaper = createReaper({ lanes, tickets: messages, logger, worker });
  return { webhooks, lanes, store, services: [reaper, consumer] };
}

/** Drains the lanes at every wake-up. `stop` resolves when the lanes in work are done and given back. */
function createConsumer(worker: Worker, tickets: TicketQueue, concurrency: number): Service {
  const drains = new Set<Promise<void>>();
  const drain = async (): Promise<void> => {
    if (await worker.drain()) tickets.post();
  };
  return {
    name: "messages queue",
    start: () =>
      tickets.consume(concurrency, async () => {
        const drained = drain();
        drains.add(drained);
        await drained.finally(() => drains.delete(drained));
      }),
    stop: async () => {
      worker.stop();
      await Promise.all(drains);
    },
  };
}
