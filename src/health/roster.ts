import { describeError } from "../core/errors.ts";
import { type Periodic, periodic } from "../core/service.ts";
import type { RedisClient, Script } from "../platform/redis/redis.ts";
import type { Logger } from "../platform/telemetry/logger.ts";
import type { Metrics } from "../platform/telemetry/metrics.ts";
import {
  addUpMetrics,
  exportMetrics,
  metricsText,
  resetMetrics,
} from "../platform/telemetry/exported-metrics.ts";
import inheritLua from "./inherit.lua" with { type: "text" };
import publishLua from "./publish.lua" with { type: "text" };

/**
 * Which processes live, and what all of them have counted.
 *
 *   unknown ──publish, every second──▶ live ──silent for 5 s, or stopped──▶ dead ──another inherits its numbers──▶ unknown
 *
 * A process that was taken for dead and speaks again counts from nothing: its former numbers are its heir's now.
 */
export type Roster = Periodic & {
  /** Live processes by role; null while Redis cannot be used. */
  readonly counts: () => Promise<Readonly<Record<string, number>> | null>;
  /** Prometheus text over all processes, the dead included; over this one alone while Redis cannot be used. */
  readonly metricsText: () => Promise<string>;
  /** Why Redis does not take what this process writes; null when it does. */
  readonly refused: () => string | null;
};

export type RosterParts = {
  readonly redis: RedisClient;
  /** Ends with a hash tag and a colon: all keys of the roster live in one slot. */
  readonly prefix: string;
  readonly role: string;
  readonly process: string;
  readonly metrics: Metrics;
  readonly logger: Logger;
};

const everyMs = 1_000;
const lifeMs = 5_000;
/** The numbers of an installation that does not run are forgotten after this, ms. */
const memoryMs = 30 * 86_400_000;
const processesMax = 1_000;
/** So many answers in a row that did not come in time make a new connection. */
const timeoutsMax = 2;

const publish: Script = { name: "roster_publish", source: publishLua };
const inherit: Script = { name: "roster_inherit", source: inheritLua };

/** Makes this process's place in the roster; it is taken with `start` and left with `stop`. */
export function createRoster(parts: RosterParts): Roster {
  const { redis, prefix, metrics } = parts;
  const own = `${parts.role}:${parts.process}`;
  let inherited: readonly string[] = [];
  let era: string | null = null;
  let timeouts = 0;
  let refused: string | null = null;

  const numbers = async (): Promise<string> =>
    addUpMetrics([await exportMetrics(metrics), ...inherited]);

  const takeOver = async (dead: string, theirs: string): Promise<void> => {
    const both = await addUpMetrics([await numbers(), theirs]);
    const taken = await redis.run(inherit, prefix, [dead, theirs, own, both]);
    if (Number(taken) === 1) inherited = [await addUpMetrics([...inherited, theirs])];
  };

  const speak = async (): Promise<void> => {
    const args = [own, await numbers(), lifeMs, memoryMs, crypto.randomUUID()];
    const reply = await redis.run(publish, prefix, args);
    const [now, known, dead, theirs] = Array.isArray(reply) ? reply : [];
    // In the same era nobody is forgotten but those whose numbers were taken over.
    if (now === era && known === 0) {
      inherited = [];
      resetMetrics(metrics);
    }
    era = String(now);
    timeouts = 0;
    refused = null;
    if (typeof dead === "string" && typeof theirs === "string") await takeOver(dead, theirs);
  };

  const fail = (error: unknown): void => {
    refused = describeError(error);
    parts.logger.debug("roster", { error: refused });
    timeouts = isTimeout(error) ? timeouts + 1 : 0;
    // A connection that is open and answers nothing is not waited for any longer.
    if (timeouts >= timeoutsMax) redis.reconnect();
  };

  const service = periodic({
    name: "roster",
    pauseMs: everyMs,
    onError: fail,
    run: async () => {
      if (redis.ready()) await speak();
      return undefined;
    },
  });

  return {
    ...service,
    stop: async () => {
      await service.stop();
      if (!redis.ready()) return;
      // The numbers stay for whoever inherits them; the process itself is dead from now on.
      await speak()
        .then(() => redis.raw.zadd(`${prefix}heard`, 0, own))
        .catch(fail);
    },
    counts: () => countRoles(redis, prefix).catch(() => null),
    metricsText: async () => {
      const others = await othersNumbers(redis, prefix, own).catch(() => []);
      return metricsText([await numbers(), ...others]);
    },
    refused: () => refused,
  };
}

/** The words of the client's own timeout, which has no code. */
function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === "Command timed out";
}

async function countRoles(
  redis: RedisClient,
  prefix: string,
): Promise<Readonly<Record<string, number>>> {
  // Redis's own clock, because the processes' clocks may differ.
  const now = Number((await redis.raw.time())[0] ?? 0) * 1_000;
  const since = now - lifeMs;
  const living = await redis.raw.zrangebyscore(
    `${prefix}heard`,
    since,
    "+inf",
    "LIMIT",
    0,
    processesMax,
  );
  const roles: Record<string, number> = {};
  for (const process of living) {
    const role = process.split(":")[0] ?? "";
    roles[role] = (roles[role] ?? 0) + 1;
  }
  return roles;
}

async function othersNumbers(
  redis: RedisClient,
  prefix: string,
  own: string,
): Promise<readonly string[]> {
  const all = await redis.raw.hgetall(`${prefix}numbers`);
  return Object.entries(all).flatMap(([process, text]) => (process === own ? [] : [text]));
}
