import { createRedis, type RedisClient } from "../../src/platform/redis/redis.ts";
import { createLogger } from "../../src/platform/telemetry/logger.ts";
import { eventually } from "./eventually.ts";
import { testRedisUrl } from "./services.ts";

export type TestRedis = {
  readonly redis: RedisClient;
  /** Ends with the shard's tag and a colon; nobody else's keys begin with it. */
  readonly prefix: string;
  readonly close: () => Promise<void>;
};

/** A connection to the tests' Redis with a prefix of its own. */
export async function openTestRedis(tag: string): Promise<TestRedis> {
  const redis = createRedis(testRedisUrl, "test", createLogger("silent", "test"));
  await eventually("Redis and its run id", () => redis.runId());
  const prefix = `t${crypto.randomUUID().slice(0, 8)}:${tag}:`;
  return {
    redis,
    prefix,
    close: async () => {
      const keys = await redis.raw.keys(`${prefix}*`);
      if (keys.length > 0) await redis.raw.del(...keys);
      redis.close();
    },
  };
}
