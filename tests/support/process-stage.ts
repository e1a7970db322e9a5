import { Redis } from "ioredis";
import {
  type FakeChat2Desk,
  startFakeChat2Desk,
} from "../../src/channels/chat2desk/fake/platform.ts";
import { createTestDatabase, type TestDatabase } from "./database.ts";
import { environmentFor, freePort, testToken } from "./hookdesk.ts";
import { type HookdeskProcess, startProcess } from "./process.ts";
import { testRedisUrl } from "./services.ts";
import { openWire, type Wire } from "./wire.ts";

/** Processes of Hookdesk between a fake platform and the tests' stores, over wires that can be cut. */
export type ProcessStage = {
  readonly database: TestDatabase;
  readonly postgresWire: Wire;
  readonly redisWire: Wire;
  readonly platform: FakeChat2Desk;
  readonly environment: Readonly<Record<string, string>>;
  /** Processes whose numbers are kept by their own name in Redis. */
  readonly rosterSize: () => Promise<number>;
  /** Starts a process; all of them are ended with the stage. */
  readonly start: (role: string, more?: Readonly<Record<string, string>>) => HookdeskProcess;
  readonly close: () => Promise<void>;
};

/** The platform tries again this often and soon, ms, instead of after 10 s, 5 min and 2 h. */
const retryScheduleMs = Array.from({ length: 300 }, () => 200);

/** Opens a stage on which nothing of Hookdesk runs yet. */
export async function openProcessStage(): Promise<ProcessStage> {
  const database = await createTestDatabase();
  const postgres = await wired(database.url);
  const redis = await wired(testRedisUrl);
  const port = freePort();
  const webhookUrl = `http://127.0.0.1:${port}/webhook/chat2desk`;
  const rateLimit = { count: 100_000, windowMs: 60_000 };
  const platform = await startFakeChat2Desk({
    retryScheduleMs,
    accounts: [{ name: "main", token: testToken, webhookUrl, rateLimit }],
  });
  const prefix = `t${crypto.randomUUID().slice(0, 8)}`;
  const environment = environmentFor({ url: postgres.url }, prefix, {
    PORT: `${port}`,
    REDIS_URL: redis.url,
    LOG_LEVEL: "debug",
    CHAT2DESK_API_URL: platform.url,
    CHAT2DESK_RATE_LIMIT: "100000/60s",
  });
  const processes: HookdeskProcess[] = [];
  return {
    database,
    postgresWire: postgres.wire,
    redisWire: redis.wire,
    platform,
    environment,
    rosterSize: async () => {
      const client = new Redis(testRedisUrl);
      const size = await client.hlen(`${prefix}:{r0}:numbers`);
      client.disconnect();
      return size;
    },
    start: (role, more = {}) => {
      const started = startProcess({ ...environment, ...more }, role);
      processes.push(started);
      return started;
    },
    close: async () => {
      await platform.stop();
      await Promise.all(processes.map((process) => process.end()));
      await Promise.all([postgres.wire.close(), redis.wire.close()]);
      await database.drop();
    },
  };
}

async function wired(address: string): Promise<{ readonly url: string; readonly wire: Wire }> {
  const url = new URL(address);
  const wire = await openWire(Number(url.port));
  url.hostname = "127.0.0.1";
  url.port = `${wire.port}`;
  return { url: url.href, wire };
}
