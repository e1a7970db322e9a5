import type { Channel, OutgoingMessage, SendOutcome } from "../../src/channels/channel.ts";
import { systemClock } from "../../src/core/clock.ts";
import { type ConversationId, conversationOf, originId, tenantId } from "../../src/core/ids.ts";
import { createOutboxSweeper, createSilenceKeeper, silentMs } from "../../src/outbox/keeper.ts";
import { createLimiter, type Grant, type Limiter } from "../../src/outbox/limiter.ts";
import { createSender, type Sender, type SenderParts } from "../../src/outbox/sender.ts";
import { createOutboxStore, type OutboxStore } from "../../src/outbox/store.ts";
import { createDatabase, type Database } from "../../src/platform/postgres/database.ts";
import { createRedis, type RedisClient } from "../../src/platform/redis/redis.ts";
import { createLogger } from "../../src/platform/telemetry/logger.ts";
import { createMetrics } from "../../src/platform/telemetry/metrics.ts";
import { createOrigins, type Origin, type Origins } from "../../src/tenants/origins.ts";
import { createTestDatabase, type TestDatabase } from "./database.ts";
import { eventually } from "./eventually.ts";
import { testRedisUrl } from "./services.ts";
import { credential } from "../../src/channels/account.ts";
import { bareAddress, bareChannel } from "./bare-channel.ts";
import { plainText, writeDelivery } from "../../src/message/outgoing.ts";
import { plainAccounts, sealedPlainly } from "./tenants.ts";

/** One call of the scripted channel. */
export type ScriptedCall = {
  readonly message: OutgoingMessage;
  readonly client: string;
  /** The origin's token, by which a test tells origins apart. */
  readonly token: string;
  /** Monotonic ms. */
  readonly at: number;
};

/** A channel that records its calls and answers as the test says; without a word everything is sent. */
export type ScriptedChannel = Channel & {
  readonly calls: readonly ScriptedCall[];
  readonly answer: (how: (call: ScriptedCall) => SendOutcome | Promise<SendOutcome>) => void;
};

/** How long a scripted platform takes to answer. */
export function answerAfter(ms: number, outcome: SendOutcome): Promise<SendOutcome> {
  return new Promise((resolve) => setTimeout(() => resolve(outcome), ms));
}

export const sentOutcome: SendOutcome = { type: "sent", messageId: null, status: 200 };

function createScriptedChannel(sendTimeoutMs = 1_000): ScriptedChannel {
  const calls: ScriptedCall[] = [];
  let how: (call: ScriptedCall) => SendOutcome | Promise<SendOutcome> = () => sentOutcome;
  const channel = bareChannel({
    name: "scripted",
    sendTimeoutMs,
    send: async (message, account) => {
      const token = credential(account, "token");
      const call = { message, client: message.address, token, at: performance.now() };
      calls.push(call);
      return how(call);
    },
  });
  return {
    ...channel,
    calls,
    answer: (next) => {
      how = next;
    },
  };
}

export type OriginWishes = {
  readonly rate?: { readonly count: number; readonly windowMs: number };
  readonly inFlightMax?: number;
  readonly unknownBot?: "hold" | "resend";
  readonly tenant?: number;
  readonly channel?: string;
  readonly apiUrl?: string;
  readonly token?: string;
};

export type DeliveryWishes = {
  readonly texts?: readonly string[];
  readonly author?: "bot" | "operator";
  readonly ownerEpoch?: number;
  readonly deadlineMs?: number;
};

/** The outbox on a database and a Redis prefix of its own; nothing sends until a test says so. */
export type OutboxBench = {
  readonly database: TestDatabase;
  readonly pipeline: Database;
  readonly redis: RedisClient;
  readonly prefix: string;
  readonly store: OutboxStore;
  readonly limiter: Limiter;
  readonly origins: Origins;
  readonly channel: ScriptedChannel;
  /** How long a sender may be silent, ms. */
  readonly leaseMs: number;
  readonly addOrigin: (wishes?: OriginWishes) => Promise<Origin>;
  /** Commits deliveries of a conversation, as the commit of a turn does, without telling anybody. */
  readonly put: (
    origin: Origin,
    client: string,
    wishes?: DeliveryWishes,
  ) => Promise<ConversationId>;
  /** Another process's limiter: its own connection. */
  readonly newLimiter: () => Promise<Limiter>;
  /** A sender, on connections of its own, that is stopped by `close`. */
  readonly newSender: (changes?: Partial<SenderParts>) => Promise<Sender>;
  /** Starts the silence keeper and the sweeper. */
  readonly startKeepers: () => Promise<void>;
  /** Tells the limiter and wakes the senders, as the worker's announcements do through the queue. */
  readonly announce: (origin: Origin, conversations: readonly ConversationId[]) => Promise<void>;
  /** Opens the limiter without looking for former sends. */
  readonly warm: () => Promise<void>;
  /** What the view `deliveries` says, oldest first. */
  readonly deliveries: (conversation: ConversationId) => Promise<readonly DeliveryRow[]>;
  /** Removes every key of this bench, as a Redis that came back empty. */
  readonly loseRedis: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export type DeliveryRow = {
  readonly seq: string;
  readonly status: string;
  readonly attempts: number | null;
  readonly detail: string | null;
};

const logger = createLogger("silent", "test");
const deliveryDeadlineMs = 86_400_000;

export async function openOutboxBench(
  options: { readonly sendTimeoutMs?: number; readonly channels?: readonly Channel[] } = {},
): Promise<OutboxBench> {
  const database = await createTestDatabase();
  const prefix = `t${crypto.randomUUID().slice(0, 8)}:{o0}:`;
  const channel = createScriptedChannel(options.sendTimeoutMs);
  const channels = new Map([channel, ...(options.channels ?? [])].map((one) => [one.name, one]));
  const closers: (() => Promise<void> | void)[] = [];
  const senders: Sender[] = [];
  const pipeline = databaseOf(database);
  const origins = createOrigins(pipeline, plainAccounts);
  const store = createOutboxStore(pipeline);
  const redis = await redisOf(closers);
  const leaseMs = Math.max(...[...channels.values()].map(silentMs));
  const limiter = createLimiter(redis, prefix, leaseMs);
  const tenant = await database.count(
    "INSERT INTO tenants (name) VALUES ('bench') RETURNING tenant_id",
  );

  const newSender: OutboxBench["newSender"] = async (changes = {}) => {
    const own = databaseOf(database);
    const sender = createSender({
      fileAddress: (_tenant, url) => url,
      limiter: createLimiter(await redisOf(closers), prefix, leaseMs),
      store: createOutboxStore(own),
      origins,
      channels,
      clock: systemClock,
      logger,
      metrics: createMetrics(),
      deliveryDeadlineMs,
      ...changes,
    });
    senders.push(sender);
    closers.unshift(async () => {
      await sender.stop();
      await sender.idle();
      await own.close();
    });
    return sender;
  };

  return {
    database,
    pipeline,
    redis,
    prefix,
    store,
    limiter,
    origins,
    channel,
    leaseMs,
    newSender,
    newLimiter: async () => createLimiter(await redisOf(closers), prefix, leaseMs),
    addOrigin: async (wishes = {}) => {
      const id = await insertOrigin(database, { tenant, channel: channel.name, ...wishes });
      await origins.refresh();
      await limiter.setLimits(origins.all());
      return known(origins, id);
    },
    put: (origin, client, wishes = {}) => insertDeliveries(database, { origin, client, ...wishes }),
    announce: async (origin, conversations) => {
      await limiter.announce(
        conversations.map((conversation) => ({
          tenant: origin.tenant,
          origin: origin.id,
          conversation,
          count: 1,
          waitMs: 0,
          scopes: channels.get(origin.channel)?.limits.scopes("") ?? [],
        })),
      );
      for (const sender of senders) sender.wake();
    },
    warm: async () => {
      await redis.raw.set(`${prefix}warm`, redis.runId() ?? "");
    },
    startKeepers: async () => {
      const parts = {
        limiter,
        store,
        origins,
        channels,
        redis,
        prefix,
        logger,
        leads: async () => true,
        tickets: silentTickets,
        metrics: createMetrics(),
      };
      for (const keeper of [createSilenceKeeper(parts), createOutboxSweeper(parts)]) {
        await keeper.start();
        closers.unshift(keeper.stop);
      }
    },
    deliveries: (conversation) =>
      database.rows<DeliveryRow>(
        "SELECT seq, status, attempts, detail FROM deliveries WHERE conv = $1 ORDER BY seq",
        [conversation],
      ),
    loseRedis: () => deleteKeys(redis, prefix),
    close: async () => {
      for (const close of closers) await close();
      const last = await redisOf([]);
      await deleteKeys(last, prefix);
      last.close();
      await pipeline.close();
      await database.drop();
    },
  };
}

/** A mark whose sender died: the delivery is `sending`, and nobody will say how it ended. */
export async function dieAfterMark(bench: OutboxBench, grant: Grant): Promise<void> {
  await bench.store.exchange(
    [],
    [{ i: 0, t: grant.tenant, c: grant.conversation, k: grant.token, sc: [] }],
  );
}

const silentTickets = {
  post: () => undefined,
  consume: async () => undefined,
  waiting: async () => 0,
  close: async () => undefined,
};

function databaseOf(database: TestDatabase): Database {
  return createDatabase({
    url: database.url,
    name: "outbox-bench",
    connectionsMax: 4,
    statementTimeoutMs: 5_000,
    restricted: true,
    logger,
  });
}

async function redisOf(closers: (() => Promise<void> | void)[]): Promise<RedisClient> {
  const redis = createRedis(testRedisUrl, "outbox-bench", logger);
  closers.push(redis.close);
  await eventually("Redis and its run id", () => redis.runId());
  return redis;
}

async function deleteKeys(redis: RedisClient, prefix: string): Promise<void> {
  const keys = await redis.raw.keys(`${prefix}*`);
  if (keys.length > 0) await redis.raw.del(...keys);
}

function known(origins: Origins, id: number): Origin {
  const origin = origins.byId(originId(id));
  if (origin === undefined) throw new Error(`origin ${id} is not known`);
  return origin;
}

function insertOrigin(
  database: TestDatabase,
  wishes: OriginWishes & { readonly tenant: number },
): Promise<number> {
  const rate = wishes.rate ?? { count: 100_000, windowMs: 60_000 };
  return database.count(
    `INSERT INTO origins (tenant_id, channel, origin_key, api_url, credentials, rate_count, rate_window_ms, in_flight_max, unknown_bot)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING origin_id`,
    [
      wishes.tenant,
      wishes.channel,
      crypto.randomUUID(),
      wishes.apiUrl ?? "http://127.0.0.1:1",
      sealedPlainly({ token: wishes.token ?? crypto.randomUUID() }),
      rate.count,
      rate.windowMs,
      wishes.inFlightMax ?? 64,
      wishes.unknownBot ?? "resend",
    ],
  );
}

async function insertDeliveries(
  database: TestDatabase,
  given: DeliveryWishes & { readonly origin: Origin; readonly client: string },
): Promise<ConversationId> {
  const { origin, client } = given;
  const subject = { kind: "client", identity: client } as const;
  const conversation = conversationOf(tenantId(origin.tenant), origin.id, subject);
  const address =
    origin.channel === "chat2desk" ? JSON.stringify([client, null, null]) : bareAddress(client);
  const texts = given.texts ?? ["hello"];
  const bodies = texts.map((text) => writeDelivery({ address, content: plainText(text) }));
  await database.rows(
    `WITH turn AS (
       INSERT INTO conversations AS c (tenant_id, conv, origin_id, identity, version, owner_epoch)
       VALUES ($1, $2, $3, $4, 1, $8)
       ON CONFLICT (tenant_id, conv) DO UPDATE SET version = c.version + 1 RETURNING version
     ), numbered AS (
       SELECT version * 1000 + ord AS seq, body FROM turn, unnest($5::text[]) WITH ORDINALITY AS b (body, ord)
     ), said AS (
       INSERT INTO messages (tenant_id, conv, seq, origin_id, author, kind, text, at)
       SELECT $1, $2, seq, $3, 'bot', 'message', '', now() FROM numbered
     )
     INSERT INTO outbox (tenant_id, conv, seq, origin_id, author, owner_epoch, body, created_at, deadline_at)
     SELECT $1, $2, seq, $3, $6, $8, body, now(), now() + $7 * interval '1 ms' FROM numbered`,
    [
      origin.tenant,
      conversation,
      origin.id,
      client,
      bodies,
      given.author ?? "bot",
      given.deadlineMs ?? deliveryDeadlineMs,
      given.ownerEpoch ?? 0,
    ],
  );
  return conversation;
}
