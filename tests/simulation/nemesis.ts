import { loseLaneKey } from "../support/fakes/lane-data.ts";
import { loseLimiterKey } from "../support/fakes/limiter-data.ts";
import type { Process, World } from "../support/simulation/world.ts";
import type { RedisServer } from "./redis-server.ts";
import type { Supervisor } from "./supervisor.ts";
import type { Strike, Temper } from "./temper.ts";

/** What the nemesis may strike. */
export type Victims = {
  readonly world: World;
  readonly temper: Temper;
  readonly redis: RedisServer;
  readonly supervisor: Supervisor;
  readonly stopPostgres: (ms: number) => void;
};

const pausesMs = [20, 300, 1_500, 4_000, 9_000] as const;
const awayMsMax = 3_000;
const flushedTwiceShare = 0.4;
const flushedTwiceMs = 400;

/** Plans the strikes of one run. */
export function releaseNemesis(victims: Victims): void {
  const { world, temper, redis } = victims;
  const { random } = world;
  if (temper.strikes.includes("restart_older")) redis.copy(() => world.now() < temper.quietAtMs);
  for (let count = 0; count < temper.strikeCount; count += 1)
    world.after(random.int(temper.quietAtMs), () => {
      const process = victims.supervisor.any();
      const strike = random.pick(temper.strikes);
      world.note(() => `${strike}, ${process?.name ?? "nobody"}`);
      hit(victims, strike, process);
    });
}

function hit(victims: Victims, strike: Strike, process: Process | null): void {
  const { world, redis, stopPostgres } = victims;
  const { random } = world;
  switch (strike) {
    case "kill":
      if (process !== null) world.kill(process);
      return;
    case "pause":
      if (process !== null) world.pause(process, random.pick(pausesMs));
      return;
    case "flush":
      redis.flush();
      if (random.chance(flushedTwiceShare)) world.after(random.int(flushedTwiceMs), redis.flush);
      return;
    case "restart_empty":
      redis.restart("empty");
      return;
    case "restart_older":
      redis.restart("older");
      return;
    case "evict":
      if (random.chance(0.5)) loseLaneKey(redis.data().lanes, random.int);
      else loseLimiterKey(redis.data().limiter, random.int);
      return;
    case "postgres_away":
      stopPostgres(random.int(awayMsMax));
      return;
    case "redis_away":
      redis.goAway(random.int(awayMsMax));
      return;
  }
}
