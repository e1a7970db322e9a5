import {
  type ConversationId,
  conversationId,
  type OriginId,
  originId,
  type TenantId,
  tenantId,
} from "../core/ids.ts";
import type { ScopeLimit } from "../channels/channel.ts";
import type { RedisClient } from "../platform/redis/redis.ts";
import type { Origin } from "../tenants/origins.ts";
import { graceMs } from "./grant-life.ts";
import { pagesOf } from "./pages.ts";
import { rebuildWindow } from "./rebuild.ts";
import { type HeldScope, readScopes, type ScopesOf, writeScopes } from "./scopes.ts";
import { outboxScripts, type RunOutboxScript } from "./scripts.ts";
import type { OutboxStore } from "./store.ts";

/**
 * The sliding-window limiter and the order of sending, over all processes, in Redis.
 *
 *                 announce                    dispatch: all limits free                      done, nothing left
 *   idle ─────────────────────────▶ READY ─────────────────────────────────▶ SENDING ────────────────────────▶ idle
 *                                    ▲ ▲                                       │  │
 *                                    │ └─────────── done, more left ───────────┘  │ back-off
 *                                    └── due ◀── WAITING ◀────────────────────────┘
 *
 * A slot is granted at the moment of sending, never for the future, over all limits that hold for the conversation; `grant-life.ts`
 * says how long it may be used. Where only a narrower limit (the chat's, the group's) is full, the conversation waits until exactly
 * then, and the account's slot is left to others.
 * The limiter is closed (`cold`) until its logs are known to be complete, see `rebuild.ts`.
 */
export type Limiter = {
  readonly announce: (announcements: readonly Announcement[]) => Promise<number>;
  readonly recover: (announcements: readonly Announcement[]) => Promise<number>;
  /**
   * Grants at most `grantsMax` slots; `token` begins the grants' tokens and is never used twice. `calling` says how many calls
   * the asking process has in flight to each origin: no origin gets more of them than it leaves to the others.
   */
  readonly dispatch: (
    token: string,
    grantsMax: number,
    calling?: ReadonlyMap<OriginId, number>,
  ) => Promise<Dispatched>;
  /** Makes an unused grant one of this moment; null when it has lost its place or the account is on hold. */
  readonly renew: (grant: Grant) => Promise<Grant | null>;
  readonly release: (releases: readonly SendRelease[]) => Promise<void>;
  /** Resolves with whether the whole account is held: it is when no scope is named, or when more than one is held in doubt. */
  readonly hold: (origin: OriginId, ms: number, scope?: HeldScope) => Promise<boolean>;
  readonly setLimits: (origins: readonly Origin[]) => Promise<void>;
  /**
   * Fills the window from the attempts after a loss of Redis. Resolves with whether it opened the limiter; false also while
   * another process is at it.
   */
  readonly rebuild: (
    store: OutboxStore,
    origins: readonly Origin[],
    scopesOf: ScopesOf,
  ) => Promise<boolean>;
};

export type Announcement = {
  readonly tenant: TenantId;
  readonly origin: OriginId;
  readonly conversation: ConversationId;
  readonly count: number;
  readonly waitMs: number;
  /** The conversation's limits beside its account's. */
  readonly scopes: readonly ScopeLimit[];
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
  readonly scopes: readonly ScopeLimit[];
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
const grantsMaxPerCall = 64;
/** Conversations of one account before the next one's turn. */
const lanesPerTurn = 8;
/** Members of one script's argument list: Redis is not held up, and no call has too many arguments. */
const announcementsPerCallMax = 500;
const originsPerCallMax = 500;

/** `leaseMs` is how long a sender may be silent before its conversation is looked at again. */
export function createLimiter(redis: RedisClient, prefix: string, leaseMs: number): Limiter {
  const run: RunOutboxScript = (script, args) => redis.run(outboxScripts[script], prefix, args);

  const announceBy = async (
    script: "announce" | "recover",
    announcements: readonly Announcement[],
  ): Promise<number> => {
    let ready = 0;
    for (const page of pagesOf(announcements, announcementsPerCallMax)) {
      ready += Number(await run(script, page.flatMap(announcementArguments)));
    }
    return ready;
  };

  const setLimits = async (origins: readonly Origin[]): Promise<void> => {
    for (const page of pagesOf(origins, originsPerCallMax)) {
      await run("limits", page.flatMap(limitArguments));
    }
  };

  const hold: Limiter["hold"] = async (origin, ms, scope) => {
    const reply = await run("hold", [origin, scope?.key ?? "", ms, scope?.unsure === true ? 1 : 0]);
    return Array.isArray(reply) && Number(reply[0]) === 1;
  };

  return {
    announce: (announcements) => announceBy("announce", announcements),
    recover: (announcements) => announceBy("recover", announcements),
    dispatch: async (token, grantsMax, calling = new Map()) => {
      const runId = redis.runId();
      if (runId === null) return { type: "cold" };
      const most = Math.min(grantsMax, grantsMaxPerCall);
      const shares = [...calling].flatMap(([origin, calls]) => [origin, shareOf(grantsMax, calls)]);
      const args = [runId, most, leaseMs, token, lanesPerTurn, shareOf(grantsMax, 0), ...shares];
      const reply = await run("dispatch", args);
      return Array.isArray(reply) ? dispatchedOf(reply) : { type: "cold" };
    },
    renew: async (grant) => {
      const { conversation, token, origin } = grant;
      const args = [redis.runId() ?? "", conversation, token, origin, grant.at];
      const at = Number(await run("renew", args));
      return at === 0 ? null : { ...grant, at };
    },
    release: async (releases) => {
      await run("release", releases.flatMap(releaseArguments));
    },
    hold,
    setLimits,
    rebuild: (store, origins, scopesOf) =>
      rebuildWindow({ redis, prefix, run, setLimits, hold, store, origins, scopesOf }),
  };
}

/**
 * How many more calls an origin may have with `calls` in flight and `free` left: as long as it has no more than are left for all
 * others. One busy origin gets half of a process, two get a third each: whoever hangs, something is always left.
 */
function shareOf(free: number, calls: number): number {
  return Math.max(0, Math.floor((free - calls + 1) / 2));
}

function announcementArguments(one: Announcement): readonly (string | number)[] {
  const waitMs = Math.max(0, Math.ceil(one.waitMs));
  const { conversation, tenant, origin, count, scopes } = one;
  return [conversation, tenant, origin, count, waitMs, writeScopes(scopes)];
}

/** An origin that was switched off, or that nobody can speak for, may not be called: it has no room for a call. */
function limitArguments(origin: Origin): readonly (string | number)[] {
  const { count, windowMs } = origin.rate;
  const flights = origin.enabled && origin.fault === null ? origin.inFlightMax : 0;
  const { id, tenant } = origin;
  return [id, tenant, count, windowMs, graceMs(windowMs), flights, credentialsDigest(origin)];
}

/** Differs when the account's address or token does, and tells nothing about them. */
function credentialsDigest({ account }: Origin): string {
  const fields = Object.entries(account.credentials).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const digest = new Bun.CryptoHasher("sha256").update(JSON.stringify([account.apiUrl, fields]));
  return digest.digest("hex").slice(0, 16);
}

function releaseArguments(release: SendRelease): readonly (string | number)[] {
  const { grant, next } = release;
  const kind = typeof next === "string" ? next : "wait";
  const argument = typeof next === "string" ? grant.announced : Math.max(1, Math.ceil(next.waitMs));
  return [grant.conversation, grant.token, kind, argument, release.used ? 0 : grant.at];
}

type DispatchReply = [number, number, [string, string, string, string, number, string][]];

function dispatchedOf(reply: DispatchReply | readonly unknown[]): Dispatched {
  const [nextDue, at, grants] = reply as DispatchReply;
  return {
    type: "granted",
    nextDueMs: nextDue < 0 ? null : nextDue,
    grants: grants.map(([conversation, tenant, account, token, announced, scopes]) => ({
      conversation: conversationId(conversation),
      tenant: tenantId(Number(tenant)),
      origin: originId(Number(account)),
      token,
      announced,
      at,
      scopes: readScopes(scopes),
    })),
  };
}
