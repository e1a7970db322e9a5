import type { Channel, ReadEvent } from "../../src/channels/channel.ts";
import { mailOf } from "../../src/conversation/mail.ts";
import { type ConversationStore, createConversationStore } from "../../src/conversation/store.ts";
import { createWorker, type Worker } from "../../src/conversation/worker.ts";
import type { Delivery, WorkerParts } from "../../src/conversation/worker-parts.ts";
import { systemClock } from "../../src/core/clock.ts";
import { type ConversationId, conversationOf, originId, tenantId } from "../../src/core/ids.ts";
import type { Dialog } from "../../src/dialog/dialog.ts";
import { type OrderRun, orderDialog } from "../../src/dialog/flows/order/order.ts";
import { createJournal, type FreshEvent, type Journal } from "../../src/journal/journal.ts";
import { createLanes, type Lanes } from "../../src/lane/lanes.ts";
import type { ChannelEvent, ClientMessage } from "../../src/message/event.ts";
import { createDatabase, type Database } from "../../src/platform/postgres/database.ts";
import { createRedis, type RedisClient } from "../../src/platform/redis/redis.ts";
import { createLogger } from "../../src/platform/telemetry/logger.ts";
import { createMetrics, type Metrics } from "../../src/platform/telemetry/metrics.ts";
import { createOrigins, type Origin, type Origins } from "../../src/tenants/origins.ts";
import { bareAddress, bareChannel } from "./bare-channel.ts";
import { createTestDatabase, type TestDatabase } from "./database.ts";
import { eventually } from "./eventually.ts";
import { testRedisUrl } from "./services.ts";
import { addOrigin, addTenant, plainAccounts } from "./tenants.ts";

/** A text for which the toy dialog throws. */
export const explosive = "explode";
/** A text whose reply PostgreSQL refuses (U+0000). */
export const unstorable = "unstorable";

/** The order dialog with two texts that break it. */
export const fragileDialog: Dialog<OrderRun> = {
  ...orderDialog,
  step: (run, input, language) => {
    if (input.text === explosive) throw new Error("the dialog cannot bear this");
    const step = orderDialog.step(run, input, language);
    return input.text === unstorable ? { ...step, reply: "\0" } : step;
  },
};

/** A platform whose webhooks are our own events: `{events: [{key, client, event}]}`. */
export const plainChannel: Channel = bareChannel({
  name: "plain",
  read: ({ json }) => plainEvents(json),
});

export type PlainEvent = {
  readonly key: string;
  readonly client: string;
  readonly event: ChannelEvent;
};

function plainEvents(body: Readonly<Record<string, unknown>>): readonly ReadEvent[] {
  const { events } = JSON.parse(JSON.stringify(body)) as { events: readonly PlainEvent[] };
  return events.map(({ key, client, event }) => ({
    key: { bucket: 0, key },
    subject: { kind: "client", identity: client },
    event,
  }));
}

/** A client's message as the channels give it. */
export function clientMessage(messageId: string, text: string): ClientMessage {
  return {
    type: "client_message",
    messageId,
    content: { text, parts: [] },
    context: null,
    address: bareAddress("7"),
    contact: null,
    requestId: null,
    unanswered: null,
  };
}

/** The parts of the way in, on real services and without any process of Hookdesk: a test decides what happens when. */
export type Workbench = {
  readonly database: TestDatabase;
  /** The pipeline's own connections, under its restricted role. */
  readonly pipeline: Database;
  readonly redis: RedisClient;
  readonly prefix: string;
  readonly lanes: Lanes;
  readonly journal: Journal;
  readonly store: ConversationStore;
  readonly origins: Origins;
  readonly origin: Origin;
  readonly metrics: Metrics;
  readonly deliveries: Delivery[];
  readonly worker: Worker;
  readonly newWorker: (changes?: Partial<WorkerParts<OrderRun>>) => Worker;
  /** Commits one webhook; resolves with its new events. */
  readonly storeWebhook: (events: readonly PlainEvent[]) => Promise<readonly FreshEvent[]>;
  /** Commits a client's message; resolves with its event. */
  readonly say: (client: string, text: string) => Promise<FreshEvent>;
  readonly post: (events: readonly FreshEvent[]) => Promise<number>;
  readonly conversation: (client: string) => ConversationId;
  readonly close: () => Promise<void>;
};

const logger = createLogger("silent", "test");

/** Connections of the tests' own to a database. */
export function pipelineDatabase(
  url: string,
  changes: { readonly restricted?: boolean; readonly statementTimeoutMs?: number } = {},
): Database {
  const given = { restricted: true, statementTimeoutMs: 5_000, ...changes };
  return createDatabase({ url, name: "test", connectionsMax: 8, logger, ...given });
}

/** Opens a workbench with one tenant and one origin of `plainChannel`. */
export async function openWorkbench(
  settings: Partial<WorkerParts<OrderRun>["settings"]> = {},
): Promise<Workbench> {
  const database = await createTestDatabase();
  const tenant = await addTenant(database, "first");
  await addOrigin(database, { tenant, key: "one", token: "t", apiUrl: "http://127.0.0.1:9" });
  await database.rows("UPDATE origins SET channel = 'plain'");
  const pipeline = pipelineDatabase(database.url);
  const redis = createRedis(testRedisUrl, "test", logger);
  await eventually("redis is ready", () => redis.ready() && redis.runId() !== null);
  const prefix = `t${crypto.randomUUID().slice(0, 8)}:{s0}:`;
  const origins = createOrigins(pipeline, plainAccounts);
  await origins.refresh();
  const origin = origins.byKey("plain", "one");
  if (origin === undefined) throw new Error("the origin was not read");
  const lanes = createLanes(redis, prefix);
  const journal = createJournal(pipeline);
  const store = createConversationStore(pipeline);
  const metrics = createMetrics();
  const deliveries: Delivery[] = [];
  const newWorker: Workbench["newWorker"] = (changes = {}) =>
    createWorker<OrderRun>({
      lanes,
      store,
      origins,
      channels: new Map([["plain", plainChannel]]),
      dialog: fragileDialog,
      clock: systemClock,
      settings: {
        sessionSilenceMs: 1_200_000,
        dialogSilenceMs: 86_400_000,
        deliveryDeadlineMs: 86_400_000,
        ...settings,
      },
      logger,
      metrics,
      deliver: (made) => void deliveries.push(...made),
      ...changes,
    });
  const commit: Workbench["storeWebhook"] = async (events) => {
    const raw = new TextEncoder().encode(JSON.stringify({ events }));
    const stored = await journal.store({ origin, raw, events: plainEvents({ events }) });
    return stored.flatMap((one) => (one.type === "fresh" ? [one.event] : []));
  };
  return {
    database,
    pipeline,
    redis,
    prefix,
    lanes,
    journal,
    store,
    origins,
    origin,
    metrics,
    deliveries,
    worker: newWorker(),
    newWorker,
    storeWebhook: commit,
    say: async (client, text) => {
      const key = crypto.randomUUID();
      const [event] = await commit([{ key, client, event: clientMessage(key, text) }]);
      if (event === undefined) throw new Error("the message was not new");
      return event;
    },
    post: (events) => lanes.post(events.map(mailOf)),
    conversation: (client) =>
      conversationOf(tenantId(tenant), originId(origin.id), { kind: "client", identity: client }),
    close: async () => {
      await forgetKeys(redis, prefix);
      redis.close();
      await pipeline.close();
      await database.drop();
    },
  };
}

/** Deletes every key that begins with `prefix`: what FLUSHALL would do to one installation. */
export async function forgetKeys(redis: RedisClient, prefix: string): Promise<void> {
  let cursor = "0";
  do {
    const [next, keys] = await redis.raw.scan(cursor, "MATCH", `${prefix}*`, "COUNT", 1_000);
    if (keys.length > 0) await redis.raw.del(...keys);
    cursor = next;
  } while (cursor !== "0");
}
