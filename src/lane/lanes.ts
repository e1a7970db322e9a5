import { type ConversationId, conversationId, type TenantId, tenantId } from "../core/ids.ts";
import type { RedisClient, Script } from "../platform/redis/redis.ts";
import claimLua from "./claim.lua" with { type: "text" };
import laneLua from "./lane.lua" with { type: "text" };
import postLua from "./post.lua" with { type: "text" };
import reapLua from "./reap.lua" with { type: "text" };
import releaseLua from "./release.lua" with { type: "text" };
import renewLua from "./renew.lua" with { type: "text" };
import wakeLua from "./wake.lua" with { type: "text" };

/**
 * The lanes of a shard in Redis: for each conversation a mailbox and a place in line, so that it is in work at most once.
 *
 *            post / wake                        claim (new token, tries + 1)
 *    idle ───────────────────▶ READY ────────────────────────────────▶ RUNNING ──┐ renew
 *     ▲                        ▲ ▲ ▲                                    │  │  └───┘
 *     │ release: nothing left  │ │ └── release: more, or not begun ─────┘  │
 *     └────────────────────────┼─┼─────────────────────────────────────────┤
 *                              │ └── reap: lease over ─────────────────────┤
 *                              └──── reap: wait over ── WAITING ◀──────────┘ release: wait
 *
 * All of it is a hint. Two workers in one lane, a lost lane or an older copy of Redis cost time, never correctness: the commit
 * refuses what is wrong.
 */
export type Lanes = {
  readonly post: (mail: readonly Mail[]) => Promise<number>;
  readonly wake: (lanes: readonly LaneName[]) => Promise<number>;
  readonly claim: (token: string) => Promise<readonly ClaimedLane[]>;
  readonly release: (releases: readonly Release[]) => Promise<number>;
  readonly renew: (
    lanes: readonly { readonly conversation: ConversationId; readonly token: string }[],
  ) => Promise<void>;
  readonly reap: () => Promise<number>;
};

export type LaneName = { readonly tenant: TenantId; readonly conversation: ConversationId };
/** `event` is the parsed event as JSON, or "" when it is read from the journal instead. */
export type Mail = LaneName & { readonly id: string; readonly event: string };

export type ClaimedLane = LaneName & {
  readonly token: string;
  /** Claims before this one that were never released: their holders died or were stopped. */
  readonly tries: number;
  readonly caution: Caution;
  /** Events that did not fit into the mailbox, as counted at the claim. */
  readonly more: number;
  readonly cached: { readonly version: number; readonly state: string } | null;
  readonly entries: readonly { readonly id: string; readonly event: string }[];
};

/** How carefully a lane must be handled, in events that are still to come; kept in Redis until the lane is idle. */
export type Caution = {
  /** One at a time, alone in the process and counted before: an earlier holder of the lane died. */
  readonly care: number;
  /** One at a time: PostgreSQL refused several together. */
  readonly single: number;
};

/** What becomes of a lane: idle or ready by its mailbox, ready because there is more, ready because it was not begun, or waiting. */
export type NextStep = "done" | "again" | "keep" | { readonly waitMs: number };

export type Release = {
  readonly lane: ClaimedLane;
  /** A confirmed state to cache, `forget` after an unknown commit, or null to leave the cache alone. */
  readonly cache: { readonly version: number; readonly state: string } | "forget" | null;
  readonly next: NextStep;
  readonly caution: Caution;
};

/** Lanes of one claim, and so of one commit. */
const lanesPerClaimMax = 64;
/** Events of one lane in one commit. */
export const eventsPerLaneMax = 64;
/** Entries of one mailbox; what is beyond is read from PostgreSQL. */
const mailboxEntriesMax = 200;
/** A larger event is not kept in Redis, only its id. */
const mailBytesMax = 8_192;
/** A worker that neither renews nor releases within this time is taken for dead, ms. */
export const leaseMs = 6_000;
/** Lanes that one tenant gets before the next one's turn. */
const lanesPerTurn = 8;
/** Overdue lanes per reap. */
const reapedPerCallMax = 100;
/** How long Redis keeps the state of a conversation that rests, s. */
const stateLifeS = 86_400;

const script = (name: string, body: string): Script => ({
  name: `lane_${name}`,
  source: `${laneLua}\n${body}`,
});
const scripts = {
  post: script("post", postLua),
  wake: script("wake", wakeLua),
  claim: script("claim", claimLua),
  release: script("release", releaseLua),
  renew: script("renew", renewLua),
  reap: script("reap", reapLua),
};

/** `prefix` ends with the shard's hash tag and a colon, e.g. `hookdesk:{s0}:`. */
export function createLanes(redis: RedisClient, prefix: string): Lanes {
  const count = async (what: Script, args: readonly (string | number)[]): Promise<number> =>
    Number(await redis.run(what, prefix, args));
  return {
    post: (mail) => count(scripts.post, [mailboxEntriesMax, ...mail.flatMap(mailArguments)]),
    wake: (lanes) =>
      count(
        scripts.wake,
        lanes.flatMap((lane) => [lane.conversation, lane.tenant]),
      ),
    claim: async (token) => {
      const reply = await redis.run(scripts.claim, prefix, [
        lanesPerClaimMax,
        eventsPerLaneMax,
        leaseMs,
        token,
        lanesPerTurn,
      ]);
      return Array.isArray(reply) ? reply.map(claimedLane) : [];
    },
    release: (releases) =>
      count(scripts.release, [stateLifeS, ...releases.flatMap(releaseArguments)]),
    renew: async (lanes) => {
      await redis.run(scripts.renew, prefix, [
        leaseMs,
        ...lanes.flatMap((lane) => [lane.conversation, lane.token]),
      ]);
    },
    reap: () => count(scripts.reap, [reapedPerCallMax]),
  };
}

function mailArguments(mail: Mail): readonly (string | number)[] {
  const event = Buffer.byteLength(mail.event) > mailBytesMax ? "" : mail.event;
  return [mail.conversation, mail.tenant, `${mail.id}|${event}`];
}

function releaseArguments(release: Release): readonly (string | number)[] {
  const { lane, caution, next } = release;
  const { version, state } = cacheArguments(release.cache);
  const step = typeof next === "string" ? next : Math.max(1, Math.ceil(next.waitMs));
  const read = next === "keep" ? 0 : lane.entries.length;
  return [
    lane.conversation,
    lane.token,
    read,
    version,
    state,
    step,
    caution.care,
    caution.single,
    lane.more,
  ];
}

/** The script's way to say leave it (0) and forget it (-1). */
function cacheArguments(cache: Release["cache"]): {
  readonly version: number;
  readonly state: string;
} {
  if (cache === null) return { version: 0, state: "" };
  return cache === "forget" ? { version: -1, state: "" } : cache;
}

type ClaimReply = [string, string, string, number, number, number, number, string, string[]];

function claimedLane(reply: ClaimReply): ClaimedLane {
  const [conversation, tenant, token, tries, care, single, more, cached, entries] = reply;
  return {
    conversation: conversationId(conversation),
    tenant: tenantId(Number(tenant)),
    token,
    tries,
    caution: { care, single },
    more,
    cached: cachedState(cached),
    entries: entries.map((entry) => {
      const bar = entry.indexOf("|");
      return { id: entry.slice(0, bar), event: entry.slice(bar + 1) };
    }),
  };
}

function cachedState(text: string): ClaimedLane["cached"] {
  const bar = text.indexOf("|");
  return bar < 0 ? null : { version: Number(text.slice(0, bar)), state: text.slice(bar + 1) };
}
