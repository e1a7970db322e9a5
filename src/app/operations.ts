import type { ScopeLimit } from "../channels/channel.ts";
import { systemClock } from "../core/clock.ts";
import { DeadlineExceeded, pause } from "../core/deadline.ts";
import type { ConversationId } from "../core/ids.ts";
import { createLanes } from "../lane/lanes.ts";
import { type LedgerFilter, type LedgerLine, readLedger } from "../ledger/ledger.ts";
import { createLimiter } from "../outbox/limiter.ts";
import { createParking, type Parking } from "../parking/parking.ts";
import { createParkingStore } from "../parking/store.ts";
import { createDatabase, type Database, type Statement } from "../platform/postgres/database.ts";
import { createTicketQueue, type QueueName, type TicketQueue } from "../platform/queue/tickets.ts";
import { createRedis, type RedisClient } from "../platform/redis/redis.ts";
import { createLogger } from "../platform/telemetry/logger.ts";
import { createRegistry, type Registry } from "../tenants/registry.ts";
import { createRegistryStore } from "../tenants/registry-store.ts";
import { createAccountsFor, createChannels } from "./channels.ts";
import type { Config } from "./config.ts";

/** What people do to a running system by hand. */
export type Operations = {
  readonly parking: Parking;
  readonly registry: Registry;
  readonly ledger: (filter: LedgerFilter) => Promise<readonly LedgerLine[]>;
  readonly close: () => Promise<void>;
};

const operationMs = 10_000;
/** The ledger reads the whole journal. */
const ledgerMs = 600_000;
/** How long Redis is waited for; without it the sweepers find what was replayed. */
const redisMs = 2_000;
const pollMs = 20;

/** Opens the system's stores for one command, as the owner, who sees every tenant. Redis is connected to when work is replayed. */
export async function openOperations(config: Config): Promise<Operations> {
  const logger = createLogger("silent", "operator");
  const pool = (statementTimeoutMs: number): Database =>
    createDatabase({
      url: config.databaseUrl,
      name: "hookdesk-operator",
      connectionsMax: 1,
      statementTimeoutMs,
      restricted: false,
      logger,
    });
  const [database, ledgerDatabase] = [pool(operationMs), pool(ledgerMs)];
  const parking = createParking({
    store: createParkingStore(database),
    deliveryDeadlineMs: config.deliveryDeadlineMs,
    wakeLanes: async (lanes) => {
      await withRedis(config, "messages", (redis) =>
        createLanes(redis, `${config.redisPrefix}:{s0}:`).wake(lanes),
      );
    },
    announce: async (deliveries) => {
      const scopes = await scopesOf(database, deliveries);
      // Nothing is dispatched here, so no lease matters.
      await withRedis(config, "outbox", (redis) =>
        createLimiter(redis, `${config.redisPrefix}:{o0}:`, 0).announce(
          deliveries.map((delivery) => ({
            ...delivery,
            count: 1,
            waitMs: 0,
            scopes: scopes.get(delivery.conversation) ?? [],
          })),
        ),
      );
    },
  });
  const channels = createChannels();
  return {
    parking,
    registry: createRegistry({
      store: createRegistryStore(database),
      channels,
      accounts: createAccountsFor(channels, config),
      publicUrl: config.publicUrl,
    }),
    ledger: (filter) => readLedger(ledgerDatabase, filter),
    close: async () => {
      await Promise.all([database.close(), ledgerDatabase.close()]);
    },
  };
}

const whoseConversations: Statement = {
  name: "whose_conversations",
  text: `SELECT conv, identity, channel FROM conversations JOIN origins USING (tenant_id, origin_id)
         WHERE conv = ANY ($1::uuid[])`,
};
type ConversationRow = {
  readonly conv: ConversationId;
  readonly identity: string | null;
  readonly channel: string;
};

/** The limits that hold for these conversations beside their accounts'. */
async function scopesOf(
  database: Database,
  deliveries: readonly { readonly conversation: ConversationId }[],
): Promise<ReadonlyMap<ConversationId, readonly ScopeLimit[]>> {
  const channels = createChannels();
  const ids = deliveries.map(({ conversation }) => conversation);
  const rows = await database.query<ConversationRow>(whoseConversations, [ids]);
  return new Map(
    rows.map(({ conv, identity, channel }) => [
      conv,
      channels.get(channel)?.limits.scopes(identity ?? "") ?? [],
    ]),
  );
}

const shards = { messages: "s0", outbox: "o0" } as const;

/** Does something in Redis and posts the wake-up for it; resolves when Redis has both. @throws when it cannot be reached in time. */
async function withRedis(
  config: Config,
  queue: QueueName,
  work: (redis: RedisClient) => Promise<unknown>,
): Promise<void> {
  const logger = createLogger("silent", "operator");
  const redis = createRedis(config.redisUrl, "hookdesk-operator", logger);
  const prefix = `${config.redisPrefix}:{${shards[queue]}}:bull`;
  const tickets = createTicketQueue({ name: queue, url: config.redisUrl, prefix, logger });
  try {
    await connected(redis, tickets);
    await work(redis);
    tickets.post();
    // The connection answers in order: when this is answered, the wake-up is there.
    await tickets.waiting();
  } finally {
    await tickets.close();
    redis.close();
  }
}

async function connected(redis: RedisClient, tickets: TicketQueue): Promise<void> {
  const until = systemClock.monotonic() + redisMs;
  while (!(redis.ready() && (await tickets.waiting()) !== null)) {
    if (systemClock.monotonic() > until) throw new DeadlineExceeded("reaching Redis", redisMs);
    await pause(pollMs);
  }
}
