import { pause } from "../core/deadline.ts";
import type { OriginId } from "../core/ids.ts";
import type { RedisClient } from "../platform/redis/redis.ts";
import type { Origin } from "../tenants/origins.ts";
import { graceMsMax, grantLifeMsMax } from "./grant-life.ts";
import { pagesOf } from "./pages.ts";
import { type HeldScope, scopeName, type ScopesOf } from "./scopes.ts";
import type { RunOutboxScript } from "./scripts.ts";
import type { OutboxStore } from "./store.ts";

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
  readonly hold: (origin: OriginId, ms: number, scope?: HeldScope) => Promise<boolean>;
  readonly store: OutboxStore;
  readonly origins: readonly Origin[];
  readonly scopesOf: ScopesOf;
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
  for (const held of await parts.store.holds()) {
    const scope = held.scope === "" ? undefined : { key: held.scope, unsure: false };
    await parts.hold(held.origin_id, held.left_ms, scope);
  }
  for (const { origin_id, ages } of sends) await refill(parts, nonce, String(origin_id), ages);
  const narrow = await narrowSends(parts);
  for (const [name, ages] of narrow) await refill(parts, nonce, name, ages);
}

/** Ages of the calls inside each narrower window, by its log's name. */
async function narrowSends(parts: RebuildParts): Promise<ReadonlyMap<string, readonly number[]>> {
  const logs = new Map<string, number[]>();
  for (const origin of parts.origins) {
    const limits = parts.scopesOf(origin);
    if (limits === null) continue;
    const withinMs = limits.scopesWithinMs + graceMsMax + grantLifeMsMax;
    for (const { identity, ages } of await parts.store.conversationSends(origin.id, withinMs)) {
      for (const { key } of limits.scopes(identity)) {
        const name = scopeName(origin.id, key);
        logs.set(name, [...(logs.get(name) ?? []), ...ages]);
      }
    }
  }
  return logs;
}

async function refill(
  parts: RebuildParts,
  nonce: string,
  log: string,
  given: readonly number[],
): Promise<void> {
  // A call begins at most a grant's life after the mark whose age this is.
  const ages = given.map((age) => Math.max(0, age - grantLifeMsMax)).toSorted((a, b) => b - a);
  for (const [index, page] of pagesOf(ages, agesPerCallMax).entries()) {
    await parts.run("refill", [nonce, log, index === 0 ? 1 : 0, ...page]);
  }
}
