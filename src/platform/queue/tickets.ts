import Bull from "bull";
import { Redis } from "ioredis";
import { within } from "../../core/deadline.ts";
import { describeError } from "../../core/errors.ts";
import { connectTimeoutMs, reconnectDelay } from "../redis/redis.ts";
import type { Logger } from "../telemetry/logger.ts";
import { boundedAdd, createTicketPost } from "./ticket-post.ts";

/** The two queues of Bull. Their jobs are wake-ups ("this shard has work"), never the work itself. */
export type QueueName = "messages" | "outbox";

export type TicketQueue = {
  /** Posts a wake-up and forgets it; one that could not be posted is owed until Redis is back. */
  readonly post: () => void;
  /** Handles wake-ups until `close`; `handler` must not throw. */
  readonly consume: (concurrency: number, handler: () => Promise<void>) => Promise<void>;
  /** Wake-ups nobody has taken yet; null while that cannot be known. */
  readonly waiting: () => Promise<number | null>;
  /** Lets handlers in progress end, closes the connections; takes a bounded time whatever Redis does. */
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
/** Longest wait for handlers in progress when the queue is closed, ms. */
const closeMs = 6_000;
/** Longest time a number for people may take, ms. */
const waitingMs = 1_000;
/** A connection that owes an answer for so long is dead, ms; a blocking read is answered every 5 s at least. */
const silenceMs = 12_000;

/** How Bull behaves: a consumer blocks for `drainDelay` s, and is back at work soon after any trouble. */
const settings = {
  lockDuration: 10_000,
  stalledInterval: 5_000,
  maxStalledCount: 1_000,
  guardInterval: 5_000,
  drainDelay: 5,
  retryProcessDelay: 200,
};

type Ticket = { readonly v: 1 };

/** Makes a queue and begins to connect; Redis may come later, be emptied or return as often as it likes. */
export function createTicketQueue(options: TicketQueueOptions): TicketQueue {
  const clients: Redis[] = [];
  const queue = new Bull<Ticket>(options.name, {
    prefix: options.prefix,
    createClient: (type) => {
      const client = createBullClient(options, type);
      clients.push(client);
      return client;
    },
    settings,
    defaultJobOptions: { removeOnComplete: true, removeOnFail: failedJobsKept },
  });
  // Bull names its connection in a promise that nobody can catch: closed before Redis came, it would be an unhandled rejection.
  Object.assign(queue, { setWorkerName: () => Promise.resolve() });
  queue.on("error", (error) =>
    options.logger.debug("queue error", { queue: options.name, error: describeError(error) }),
  );
  const add = boundedAdd(
    () => queue.add({ v: 1 }),
    () => queue.getWaitingCount(),
  );
  const post = createTicketPost(queue.client, add);
  return {
    post: post.post,
    consume: async (concurrency, handler) => {
      // The promise of `process` ends with the queue; its errors arrive as events.
      void queue.process(concurrency, handler).catch(() => undefined);
    },
    waiting: async () => {
      if (queue.client.status !== "ready") return null;
      return within(queue.getWaitingCount(), waitingMs, "the queue's size").catch(() => null);
    },
    close: async () => {
      post.close();
      await closeQueue(queue, clients, options.logger);
    },
  };
}

/** Bull waits for ever for a Redis that is away, and leaves connections that it did not make itself. */
async function closeQueue(
  queue: Bull.Queue<Ticket>,
  clients: readonly Redis[],
  logger: Logger,
): Promise<void> {
  // To break off its blocking read Bull closes the connection and makes it anew, which nobody needs any more.
  for (const client of clients) client.connect = () => Promise.resolve();
  const limitMs = queue.client.status === "ready" ? closeMs : 0;
  try {
    await within(queue.close(), limitMs, "closing a queue");
  } catch (error) {
    logger.debug("queue closed early", { queue: queue.name, error: describeError(error) });
  }
  for (const client of clients) client.disconnect();
}

/** Consumers wait for Redis as long as it takes; a command never fails only because Redis was away for a while. */
function createBullClient(
  { url, prefix, name }: TicketQueueOptions,
  type: "client" | "subscriber" | "bclient",
): Redis {
  // Bull's tools know a consumer by this name.
  const consumer = `${prefix}:${Buffer.from(name).toString("base64")}`;
  const client = new Redis(url, {
    connectionName: type === "bclient" ? consumer : `bull-${type}`,
    maxRetriesPerRequest: null,
    enableReadyCheck: false,
    connectTimeout: connectTimeoutMs,
    socketTimeout: silenceMs,
    retryStrategy: reconnectDelay,
  });
  client.on("error", () => undefined);
  return client;
}
