import { describeError } from "../core/errors.ts";
import { type Periodic, periodic } from "../core/service.ts";
import type { RedisClient } from "../platform/redis/redis.ts";
import type { Logger } from "../platform/telemetry/logger.ts";
import { aggregateMetrics, exportMetrics, type Metrics } from "../platform/telemetry/metrics.ts";

/** Which processes live, and their numbers: each tells Redis every second, and is forgotten a few seconds after its last word. */
export type Roster = Periodic & {
  /** Live processes by role; null while Redis is away. */
  readonly counts: () => Promise<Readonly<Record<string, number>> | null>;
  /** Prometheus text over all live processes; over this one alone while Redis is away. */
  readonly metricsText: () => Promise<string>;
};

export type RosterParts = {
  readonly redis: RedisClient;
  readonly prefix: string;
  readonly role: string;
  readonly process: string;
  readonly metrics: Metrics;
  readonly logger: Logger;
};

const everyMs = 1_000;
const lifeMs = 5_000;
const processesMax = 1_000;

/** Keys: `<prefix>process:<role>:<process>` holds the process's exported metrics. */
export function createRoster(parts: RosterParts): Roster {
  const { redis } = parts;
  const own = `${parts.prefix}process:${parts.role}:${parts.process}`;
  const list = `${parts.prefix}processes`;
  // Redis's own clock, because the processes' clocks may differ.
  const now = async (): Promise<number> => Number((await redis.raw.time())[0] ?? 0) * 1_000;
  const livingKeys = async (): Promise<readonly string[]> => {
    const since = (await now()) - lifeMs;
    return redis.raw.zrangebyscore(list, since, "+inf", "LIMIT", 0, processesMax);
  };
  const service = periodic({
    name: "roster",
    pauseMs: everyMs,
    onError: (error) => parts.logger.debug("roster", { error: describeError(error) }),
    run: async () => {
      const text = await exportMetrics(parts.metrics);
      const at = await now();
      await Promise.all([
        redis.raw.set(own, text, "PX", lifeMs),
        redis.raw.zadd(list, at, own),
        redis.raw.zremrangebyscore(list, "-inf", at - lifeMs),
      ]);
      return undefined;
    },
  });
  return {
    ...service,
    stop: async () => {
      await service.stop();
      await Promise.all([redis.raw.zrem(list, own), redis.raw.del(own)]).catch(() => undefined);
    },
    counts: async () => {
      try {
        const roles: Record<string, number> = {};
        for (const key of await livingKeys()) {
          const role = key.slice(parts.prefix.length).split(":")[1] ?? "";
          roles[role] = (roles[role] ?? 0) + 1;
        }
        return roles;
      } catch {
        return null;
      }
    },
    metricsText: async () => {
      const mine = await exportMetrics(parts.metrics);
      return aggregateMetrics([mine, ...(await others(redis, livingKeys, own))]);
    },
  };
}

async function others(
  redis: RedisClient,
  livingKeys: () => Promise<readonly string[]>,
  own: string,
): Promise<readonly string[]> {
  try {
    const keys = (await livingKeys()).filter((key) => key !== own);
    if (keys.length === 0) return [];
    return (await redis.raw.mget([...keys])).filter((text) => text !== null);
  } catch {
    return [];
  }
}
