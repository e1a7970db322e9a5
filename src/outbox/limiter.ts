import {
  type ConversationId,
  conversationId,
  type OriginId,
  originId,
  type TenantId,
  tenantId,
} from "../core/ids.ts";
import { pause } from "../core/deadline.ts";
import type { RedisClient, Script } from "../platform/redis/redis.ts";
import type { Origin } from "../tenants/origins.ts";
import announceLua from "./announce.lua" with { type: "text" };
import dispatchLua from "./dispatch.lua" with { type: "text" };
import holdLua from "./hold.lua" with { type: "text" };
import limitsLua from "./limits.lua" with { type: "text" };
import outboxLua from "./outbox.lua" with { type: "text" };
import recoverLua from "./recover.lua" with { type: "text" };
import releaseLua from "./release.lua" with { type: "text" };
import type { OutboxStore } from "./store.ts";
import warmLua from "./warm.lua" with { type: "text" };

/**
 * The sliding-window limiter and the order of sending, over all processes, in Redis.
 *
 *                 announce                    dispatch: all limits free                      done, nothing left
 *   idle ─────────────────────────▶ READY ─────────────────────────────────▶ SENDING ────────────────────────▶ idle
 *                                    ▲ ▲                                       │  │
 *                                    │ └─────────── done, more left ───────────┘  │ back-off
 *                                    └── due ◀── WAITING ◀────────────────────────┘
 *
 * A slot is granted at the moment of sending, never for the future. A grant lives `graceMs`: a call that has not begun by then
 * is not made. The window is counted longer by that time, so that calls that begin anywhere in their grant's life cannot crowd it.
 * The limiter is closed (`cold`) until its logs are known to be complete, see `rebuild`.
 */
export type Limiter = {
  readonly announce: (announcements: readonly Announcement[]) => Promise<number>;
  readonly recover: (announcements: readonly Announcement[]) => Promise<number>;
  readonly dispatch: (token: string) => Promise<Dispatched>;
  readonly release: (releases: readonly SendRelease[]) => Promise<void>;
  readonly hold: (origin: OriginId, ms: number) => Promise<void>;
  readonly setLimits: (origins: readonly Origin[]) => Promise<void>;
  /** Fills the window from the attempts after a loss of Redis. Resolves with whether the limiter is open. */
  readonly rebuild: (store: OutboxStore, origins: readonly Origin[]) => Promise<boolean>;
};

export type Announcement = {
  readonly tenant: TenantId;
  readonly origin: OriginId;
  readonly conversation: ConversationId;
  readonly count: number;
  readonly waitMs: number;
};

export type Grant = {
  readonly conversation: ConversationId;
  readonly tenant: TenantId;
  readonly origin: OriginId;
  readonly token: string;
  /** Deliveries announced when the slot was granted. */
  readonly announced: number;
  /** When it was granted, by Redis's clock, ms; returned with a slot that was not used. */
  readonly at: number;
};

export type Dispatched =
  | { readonly type: "cold" }
  | {
      readonly type: "granted";
      readonly grants: readonly Grant[];
      readonly nextDueMs: number | null;
    };

export type SendRelease = {
  readonly grant: Grant;
  readonly next: "done" | "empty" | "again" | { readonly waitMs: number };
  /** False when the call was never made, so that the slot may be given back. */
  readonly used: boolean;
};

/** Slots granted by one script. */
const grantsMax = 64;
/** Conversations of one account before the next one's turn. */
const lanesPerTurn = 8;
const announcementsPerCallMax = 500;

/** A grant's life, ms: short enough to keep at least 96 % of the window usable. */
export function graceMs(windowMs: number): number {
  return Math.max(1, Math.floor(Math.min(graceMsMax, windowMs * 0.04)));
}
/** The longest life of any grant, ms. */
export const graceMsMax = 250;

const script = (name: string, body: string): Script => ({
  name: `outbox_${name}`,
  source: `${outboxLua}\n${body}`,
});
const scripts = {
  announce: script("announce", announceLua),
  recover: script("recover", recoverLua),
  dispatch: script("dispatch", dispatchLua),
  release: script("release", releaseLua),
  hold: script("hold", holdLua),
  limits: script("limits", limitsLua),
  warm: script("warm", warmLua),
};

/** `leaseMs` is how long a sender may be silent before its conversation is looked at again. */
export function createLimiter(redis: RedisClient, prefix: string, leaseMs: number): Limiter {
  const announceBy = async (
    what: Script,
    announcements: readonly Announcement[],
  ): Promise<number> => {
    let ready = 0;
    for (let at = 0; at < announcements.length; at += announcementsPerCallMax) {
      const page = announcements.slice(at, at + announcementsPerCallMax);
      ready += Number(await redis.run(what, prefix, page.flatMap(announcementArguments)));
    }
    return ready;
  };
  const setLimits = async (origins: readonly Origin[]): Promise<void> => {
    const args = origins.flatMap((o) => [
      o.id,
      o.tenant,
      o.rate.count,
      o.rate.windowMs,
      graceMs(o.rate.windowMs),
      o.inFlightMax,
    ]);
    if (args.length > 0) await redis.run(scripts.limits, prefix, args);
  };
  const hold = async (origin: OriginId, ms: number): Promise<void> => {
    await redis.run(scripts.hold, prefix, [origin, ms]);
  };
  return {
    announce: (announcements) => announceBy(scripts.announce, announcements),
    recover: (announcements) => announceBy(scripts.recover, announcements),
    dispatch: async (token) => {
      const runId = redis.runId();
      if (runId === null) return { type: "cold" };
      const reply = await redis.run(scripts.dispatch, prefix, [
        runId,
        grantsMax,
        leaseMs,
        token,
        lanesPerTurn,
      ]);
      return Array.isArray(reply) ? dispatchedOf(reply) : { type: "cold" };
    },
    release: async (releases) => {
      await redis.run(scripts.release, prefix, releases.flatMap(releaseArguments));
    },
    hold,
    setLimits,
    rebuild: async (store, origins) => {
      const runId = redis.runId();
      if (runId === null) return false;
      const nonce = crypto.randomUUID();
      await redis.raw.set(`${prefix}rebuild`, nonce);
      // Grants of the Redis that was lost are dead after this, or their attempts are marked in PostgreSQL.
      await pause(graceMsMax);
      const sends = await store.recentSends(graceMsMax);
      await setLimits(origins);
      for (const held of await store.holds()) await hold(held.origin_id, held.left_ms);
      const args = sends.flatMap((origin) => [
        origin.origin_id,
        origin.ages.length,
        ...origin.ages.toSorted((a, b) => b - a),
      ]);
      const open = Number(await redis.run(scripts.warm, prefix, [nonce, runId, ...args])) === 1;
      return open && redis.runId() === runId;
    },
  };
}

function announcementArguments(one: Announcement): readonly (string | number)[] {
  return [one.conversation, one.tenant, one.origin, one.count, Math.max(0, Math.ceil(one.waitMs))];
}

function releaseArguments(release: SendRelease): readonly (string | number)[] {
  const { grant, next } = release;
  const kind = typeof next === "string" ? next : "wait";
  const argument = typeof next === "string" ? grant.announced : Math.max(1, Math.ceil(next.waitMs));
  return [grant.conversation, grant.token, kind, argument, release.used ? 0 : grant.at];
}

type DispatchReply = [number, number, [string, string, string, string, number][]];

function dispatchedOf(reply: DispatchReply | readonly unknown[]): Dispatched {
  const [nextDue, at, grants] = reply as DispatchReply;
  return {
    type: "granted",
    nextDueMs: nextDue < 0 ? null : nextDue,
    grants: grants.map(([conversation, tenant, account, token, announced]) => ({
      conversation: conversationId(conversation),
      tenant: tenantId(Number(tenant)),
      origin: originId(Number(account)),
      token,
      announced,
      at,
    })),
  };
}
