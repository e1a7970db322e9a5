import Bull from "bull";
import { Redis } from "ioredis";
import { describeError } from "../../core/errors.ts";
import { reconnectDelay } from "../redis/redis.ts";
import type { Logger } from "../telemetry/logger.ts";

/** The two queues of Bull. Their jobs are wake-ups ("this shard has work"), never the work itself. */
export type QueueName = "messages" | "outbox";

type Ticket = { readonly v: 1 };

export type TicketQueue = {
  /** Posts a wake-up and forgets it; lost ones are found by the sweepers. */
  readonly post: () => void;
  /** Handles wake-ups until `close`; `handler` must not throw. */
  readonly consume: (concurrency: number, handler: () => Promise<void>) => Promise<void>;
  readonly waiting: () => Promise<number>;
  readonly close: () => Promise<void>;
};

export type TicketQueueOptions = {
  readonly name: QueueName;
  readonly url: string;
  /** The shard's hash tag, so that Redis Cluster keeps a queue in one slot. */
  readonly prefix: string;
  readonly logger: Logger;
};

/** A wake-up that failed is no loss; what it would have woken is found again. */
const failedJobsKept = 100;
/** Wake-ups in flight to Redis beyond this are dropped: one is enough. */
const postsInFlightMax = 4;

export function createTicketQueue(options: TicketQueueOptions): TicketQueue {
  const queue = new Bull<Ticket>(options.name, {
    prefix: options.prefix,
    createClient: (type) => createBullClient(options.url, type),
    settings: {
      lockDuration: 10_000,
      stalledInterval: 5_000,
      maxStalledCount: 1_000,
      guardInterval: 5_000,
      drainDelay: 5,
      retryProcessDelay: 200,
    },
    defaultJobOptions: { removeOnComplete: true, removeOnFail: failedJobsKept },
  });
  queue.on("error", (error) =>
    options.logger.debug("queue error", { queue: options.name, error: describeError(error) }),
  );
  let inFlight = 0;
  const settled = (): void => {
    inFlight -= 1;
  };
  return {
    post: () => {
      if (inFlight >= postsInFlightMax || queue.client.status !== "ready") return;
      inFlight += 1;
      queue.add({ v: 1 }).then(settled, settled);
    },
    consume: async (concurrency, handler) => {
      // The promise of `process` ends with the queue; its errors arrive as events.
      void queue.process(concurrency, handler).catch(() => undefined);
    },
    waiting: () => queue.getWaitingCount(),
    close: () => queue.close(),
  };
}

/** Consumers wait for Redis as long as it takes; a command never fails only because Redis was away for a while. */
function createBullClient(url: string, type: "client" | "subscriber" | "bclient"): Redis {
  const client = new Redis(url, {
    connectionName: `bull-${type}`,
    maxRetriesPerRequest: null,
    enableReadyCheck: false,
    retryStrategy: reconnectDelay,
  });
  client.on("error", () => undefined);
  return client;
}
