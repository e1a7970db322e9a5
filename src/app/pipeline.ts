import type { Channel } from "../channels/channel.ts";
import { createKeeperSet } from "./keepers.ts";
import { createPoster } from "../conversation/poster.ts";
import { createReaper } from "../conversation/keeper.ts";
import { createConversationStore } from "../conversation/store.ts";
import { createWorker } from "../conversation/worker.ts";
import { systemClock } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import { type Periodic, periodic, type Service } from "../core/service.ts";
import { orderDialog } from "../dialog/flows/order/order.ts";
import { createHealth } from "../health/health.ts";
import { unsafeSettings } from "../health/settings.ts";
import { createJournal } from "../journal/journal.ts";
import { createWebhooks } from "../ingress/webhook.ts";
import { createLanes } from "../lane/lanes.ts";
import { createAnnouncer } from "../outbox/announcer.ts";
import { silentMs } from "../outbox/keeper.ts";
import { createLimiter } from "../outbox/limiter.ts";
import { createSender } from "../outbox/sender.ts";
import { createOutboxStore } from "../outbox/store.ts";
import { createDatabase } from "../platform/postgres/database.ts";
import { createTicketQueue } from "../platform/queue/tickets.ts";
import { createOrigins } from "../tenants/origins.ts";
import type { Foundation } from "./foundation.ts";
import { type Prepared, roleWarning } from "./prepare.ts";

/** Longest statement of the webhook's way in, ms: the platform gets its 503 within a second. */
const ingressStatementMs = 700;
/** Longest statement of workers and senders, ms. */
const workStatementMs = 5_000;
const ingressConnections = 4;
const workConnections = 8;
const originsEveryMs = 2_000;

/** Everything that needs a prepared database: what the roles pick their services from. */
export type Pipeline = ReturnType<typeof createPipeline>;

/** Builds the pipeline's parts and connects them; nothing starts yet. */
export function createPipeline(
  foundation: Foundation,
  channels: ReadonlyMap<string, Channel>,
  prepared: Prepared,
) {
  const { config, logger, metrics, redis, roster } = foundation;
  const lanePrefix = `${config.redisPrefix}:{s0}:`;
  const outboxPrefix = `${config.redisPrefix}:{o0}:`;
  const databaseOf = (name: string, connectionsMax: number, statementTimeoutMs: number) =>
    createDatabase({
      url: config.databaseUrl,
      name: `hookdesk-${name}`,
      connectionsMax,
      statementTimeoutMs,
      restricted: prepared.restricted,
      logger,
    });
  const ingressDatabase = databaseOf("ingress", ingressConnections, ingressStatementMs);
  const database = databaseOf("work", workConnections, workStatementMs);

  const origins = createOrigins(database);
  const lanes = createLanes(redis, lanePrefix);
  const messages = createTicketQueue({
    name: "messages",
    url: config.redisUrl,
    prefix: `${config.redisPrefix}:{s0}:bull`,
    logger,
  });
  const outbox = createTicketQueue({
    name: "outbox",
    url: config.redisUrl,
    prefix: `${config.redisPrefix}:{o0}:bull`,
    logger,
  });
  const store = createConversationStore(database);
  const outboxStore = createOutboxStore(database);
  const longestSilenceMs = Math.max(...[...channels.values()].map(silentMs));
  const limiter = createLimiter(redis, outboxPrefix, longestSilenceMs);
  const announce = createAnnouncer({ limiter, tickets: outbox, ready: redis.ready });

  const worker = createWorker({
    lanes,
    store,
    origins,
    channels,
    logger,
    metrics,
    dialog: orderDialog,
    clock: systemClock,
    settings: {
      sessionSilenceMs: config.sessionSilenceMs,
      dialogSilenceMs: config.dialogSilenceMs,
      deliveryDeadlineMs: config.deliveryDeadlineMs,
    },
    deliver: (deliveries) =>
      announce(
        deliveries.map(({ origin, conversation, count }) => ({
          tenant: origin.tenant,
          origin: origin.id,
          conversation,
          count,
          waitMs: 0,
        })),
      ),
  });
  const sender = createSender({
    limiter,
    store: outboxStore,
    origins,
    channels,
    clock: systemClock,
    logger,
    metrics,
    deliveryDeadlineMs: config.deliveryDeadlineMs,
  });
  const post = createPoster({ lanes, tickets: messages, ready: redis.ready });
  const webhooks = createWebhooks({
    origins,
    channels,
    journal: createJournal(ingressDatabase),
    post,
    logger,
    metrics,
  });
  const health = createHealth({
    database,
    redis,
    roster,
    metrics,
    warnings: async () => [
      ...(prepared.restricted ? [] : [roleWarning]),
      ...(await unsafeSettings(database, redis)),
    ],
  });

  const refreshOrigins: Periodic = periodic({
    name: "origins",
    pauseMs: originsEveryMs,
    onError: (error) => logger.debug("origins", { error: describeError(error) }),
    run: async () => {
      await origins.refresh();
      if (redis.ready()) await limiter.setLimits(origins.all());
      return undefined;
    },
  });
  const consumeMessages: Service = {
    name: "messages queue",
    start: () =>
      messages.consume(config.workerConcurrency, async () => {
        if (await worker.drain()) messages.post();
      }),
    stop: async () => worker.stop(),
  };
  const consumeOutbox: Service = {
    name: "outbox queue",
    start: () => outbox.consume(1, async () => sender.wake()),
    stop: async () => undefined,
  };
  const keepers = createKeeperSet({
    foundation,
    database,
    store,
    outboxStore,
    lanes,
    limiter,
    origins,
    channels,
    messages,
    outbox,
    lanePrefix,
    outboxPrefix,
  });

  return {
    origins,
    webhooks,
    health,
    refreshOrigins,
    work: [
      consumeMessages,
      createReaper({ lanes, tickets: messages, logger, worker }),
    ] as readonly Service[],
    send: [consumeOutbox, sender] as readonly Service[],
    keepers,
    /** Lets calls in flight end, then closes what was opened. */
    close: async () => {
      await sender.idle();
      await Promise.all([messages.close(), outbox.close()]);
      await Promise.all([ingressDatabase.close(), database.close()]);
    },
  };
}
