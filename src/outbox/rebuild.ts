import { pause } from "../core/deadline.ts";
import type { OriginId } from "../core/ids.ts";
import type { RedisClient } from "../platform/redis/redis.ts";
import type { Origin } from "../tenants/origins.ts";
import { graceMsMax, grantLifeMsMax } from "./grant-life.ts";
import { pagesOf } from "./pages.ts";
import type { RunOutboxScript } from "./scripts.ts";
import type { OutboxStore, RecentSends } from "./store.ts";

/**
 * Fills the limiter's window from PostgreSQL after a loss of Redis:
 *
 *   cold ──nonce taken──▶ waiting for old grants to die ──▶ refilling from PostgreSQL ──nonce still ours──▶ open
 *    ▲                                                                                        │
 *    └──────────────── Redis lost again: nonce gone, or another run id ───────────────────────┘
 */
export type RebuildParts = {
  readonly redis: RebuildingRedis;
  readonly prefix: string;
  readonly run: RunOutboxScript;
  readonly setLimits: (origins: readonly Origin[]) => Promise<void>;
  readonly hold: (origin: OriginId, ms: number) => Promise<void>;
  readonly store: OutboxStore;
  readonly origins: readonly Origin[];
};

/** What a rebuild asks of Redis beside its scripts: which one it is, and the one place for a nonce. */
export type RebuildingRedis = Pick<RedisClient, "runId"> & {
  readonly raw: {
    readonly get: (key: string) => Promise<string | null>;
    readonly set: (
      key: string,
      value: string,
      px: "PX",
      lifeMs: number,
      nx: "NX",
    ) => Promise<"OK" | null>;
  };
};

/** How long a rebuild keeps others from beginning theirs, ms. */
const rebuildLeaseMs = 5_000;
/** Arguments of one script. */
const agesPerCallMax = 5_000;

/** Resolves with whether the limiter was opened; false also while another process is at it. */
export async function rebuildWindow(parts: RebuildParts): Promise<boolean> {
  const { redis, prefix, run } = parts;
  const runId = redis.runId();
  if (runId === null) return false;
  const nonce = crypto.randomUUID();
  // One at a time: processes that overwrite each other's nonce would keep each other from ever finishing.
  const taken = await redis.raw.set(`${prefix}rebuild`, nonce, "PX", rebuildLeaseMs, "NX");
  if (taken === null) return false;
  try {
    // Whoever was at it before may have opened the limiter since we saw it closed: what was granted then must stay in the log.
    if ((await redis.raw.get(`${prefix}warm`)) !== runId) await refillAll(parts, nonce);
    const open = Number(await run("warm", [nonce, runId])) === 1;
    return open && redis.runId() === runId;
  } catch (error) {
    await run("warm", [nonce, ""]).catch(() => undefined);
    throw error;
  }
}

async function refillAll(parts: RebuildParts, nonce: string): Promise<void> {
  // Grants of the Redis that was lost are dead after this, or their attempts are marked in PostgreSQL.
  await pause(grantLifeMsMax);
  const sends = await parts.store.recentSends(graceMsMax + grantLifeMsMax);
  await parts.setLimits(parts.origins);
  for (const held of await parts.store.holds()) await parts.hold(held.origin_id, held.left_ms);
  for (const origin of sends) await refill(parts, nonce, origin);
}

async function refill(parts: RebuildParts, nonce: string, sends: RecentSends): Promise<void> {
  // A call begins at most a grant's life after the mark whose age this is.
  const ages = sends.ages.map((age) => Math.max(0, age - grantLifeMsMax)).toSorted((a, b) => b - a);
  for (const [index, page] of pagesOf(ages, agesPerCallMax).entries()) {
    await parts.run("refill", [nonce, sends.origin_id, index === 0 ? 1 : 0, ...page]);
  }
}
