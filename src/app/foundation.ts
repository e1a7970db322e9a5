import { createRoster, type Roster } from "../health/roster.ts";
import { createRedis, type RedisClient } from "../platform/redis/redis.ts";
import { createLogger, type Logger } from "../platform/telemetry/logger.ts";
import { createMetrics, type Metrics } from "../platform/telemetry/metrics.ts";
import type { Config, Role } from "./config.ts";

/** What a process has before it knows whether PostgreSQL is there. */
export type Foundation = {
  readonly config: Config;
  readonly role: Role;
  /** Names this process among all, also when its number is used again. */
  readonly process: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly redis: RedisClient;
  readonly roster: Roster;
};

/** Makes the foundation; the connection to Redis begins here and is kept up for ever. */
export function createFoundation(config: Config, role: Role): Foundation {
  const id = `${process.pid}-${crypto.randomUUID().slice(0, 8)}`;
  const logger = createLogger(config.logLevel, role);
  const metrics = createMetrics();
  const redis = createRedis(config.redisUrl, `hookdesk-${role}`, logger);
  const roster = createRoster({
    redis,
    prefix: `${config.redisPrefix}:{r0}:`,
    role,
    process: id,
    metrics,
    logger,
  });
  return { config, role, process: id, logger, metrics, redis, roster };
}
