import { type ConversationId, conversationId, tenantId } from "../../../src/core/ids.ts";
import {
  type ClaimedLane,
  createLanes,
  type Lanes,
  type Mail,
  type Release,
} from "../../../src/lane/lanes.ts";
import { createRedis, type RedisClient } from "../../../src/platform/redis/redis.ts";
import { createLogger } from "../../../src/platform/telemetry/logger.ts";
import { eventually } from "../../support/eventually.ts";
import { testRedisUrl } from "../../support/services.ts";
import { forgetKeys } from "../../support/workbench.ts";

/** Lanes of a test's own on the real Redis. */
export type Shard = {
  readonly lanes: Lanes;
  readonly redis: RedisClient;
  readonly prefix: string;
  /** Moves the instant by which something must have happened to a lane into the past, so that nobody waits for it. */
  readonly makeOverdue: (conversation: ConversationId) => Promise<void>;
  readonly field: (conversation: ConversationId, field: string) => Promise<string | null>;
  readonly close: () => Promise<void>;
};

export async function openShard(): Promise<Shard> {
  const redis = createRedis(testRedisUrl, "test", createLogger("silent", "test"));
  await eventually("redis is ready", () => redis.ready());
  const prefix = `t${crypto.randomUUID().slice(0, 8)}:{s0}:`;
  return {
    lanes: createLanes(redis, prefix),
    redis,
    prefix,
    makeOverdue: async (conversation) => {
      await redis.raw.zadd(`${prefix}due`, "XX", 1, conversation);
    },
    field: (conversation, field) => redis.raw.hget(`${prefix}lane:${conversation}`, field),
    close: async () => {
      await forgetKeys(redis, prefix);
      redis.close();
    },
  };
}

/** Conversations by short names; the scripts do not care what an id looks like. */
export const named = (name: string): ConversationId => conversationId(name);

export function mail(name: string, id: number, tenant = 1): Mail {
  return {
    tenant: tenantId(tenant),
    conversation: named(name),
    id: String(id),
    event: `{"n":${id}}`,
  };
}

/** A release after everything went well. */
export function done(lane: ClaimedLane, more: Partial<Release> = {}): Release {
  return {
    lane,
    cache: { version: 1, state: "{}" },
    next: "done",
    caution: { care: 0, single: 0 },
    ...more,
  };
}

/** Claims one lane and fails when there is none. */
export async function claimOne(lanes: Lanes): Promise<ClaimedLane> {
  const [lane] = await lanes.claim(`${crypto.randomUUID()}.`);
  if (lane === undefined) throw new Error("no lane is ready");
  return lane;
}
