import type { ScopeLimit } from "../../../src/channels/channel.ts";
import type { ConversationId, OriginId, TenantId } from "../../../src/core/ids.ts";
import { graceMs } from "../../../src/outbox/grant-life.ts";
import { scopeName } from "../../../src/outbox/scopes.ts";

/** What Redis keeps of the outbox. Plain data: a copy of it is an older Redis. */
export type LimiterData = {
  readonly lanes: Map<ConversationId, SendLane>;
  /** Tenants that have accounts with something to send, in turn. */
  readonly ring: TenantId[];
  readonly accounts: Map<TenantId, OriginId[]>;
  readonly limits: Map<OriginId, AccountLimits>;
  readonly ready: Map<OriginId, ConversationId[]>;
  readonly flights: Map<OriginId, Map<ConversationId, number>>;
  /** Times of the grants inside each window, oldest first, by its name (`outbox/scopes.ts`). */
  readonly logs: Map<string, number[]>;
  /** Until when an account, or a scope of it, may not be called. */
  readonly holds: Map<string, number>;
  /** Scopes that are held although their account may have been meant. */
  readonly doubts: Map<OriginId, Map<string, number>>;
  readonly due: Map<DueItem, number>;
  /** The run id of the Redis whose logs are complete. */
  warm: string | null;
  rebuild: { readonly nonce: string; readonly until: number } | null;
};

export type DueItem = `l:${ConversationId}` | `a:${OriginId}`;

export type SendLane = {
  standing?: "ready" | "sending" | "waiting";
  tenant?: TenantId;
  account?: OriginId;
  token?: string;
  announced: number;
  scopes?: readonly ScopeLimit[];
};

export type AccountLimits = {
  tenant: TenantId;
  /** Whether it stands in its tenant's list. */
  queued: boolean;
  limits: Limits | null;
};

export type Limits = {
  readonly count: number;
  readonly windowMs: number;
  readonly graceMs: number;
  readonly flights: number;
  readonly credentials: string;
};

/** An empty Redis. */
export function emptyLimiterData(): LimiterData {
  return {
    lanes: new Map(),
    ring: [],
    accounts: new Map(),
    limits: new Map(),
    ready: new Map(),
    flights: new Map(),
    logs: new Map(),
    holds: new Map(),
    doubts: new Map(),
    due: new Map(),
    warm: null,
    rebuild: null,
  };
}

const readyMs = 30_000;

export type SendName = {
  readonly tenant: TenantId;
  readonly origin: OriginId;
  readonly conversation: ConversationId;
};

export function accountOf(data: LimiterData, origin: OriginId, tenant: TenantId): AccountLimits {
  const known = data.limits.get(origin);
  if (known !== undefined) return known;
  const made: AccountLimits = { tenant, queued: false, limits: null };
  data.limits.set(origin, made);
  return made;
}

export function readyOf(data: LimiterData, origin: OriginId): ConversationId[] {
  return listOf(data.ready, origin);
}

/** A map's list under a key, made when it is not there. */
export function listOf<Key, Item>(map: Map<Key, Item[]>, key: Key): Item[] {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made: Item[] = [];
  map.set(key, made);
  return made;
}

export function queueAccount(data: LimiterData, tenant: TenantId, origin: OriginId): void {
  const account = accountOf(data, origin, tenant);
  if (account.queued) return;
  account.queued = true;
  const line = listOf(data.accounts, tenant);
  line.push(origin);
  if (line.length === 1) data.ring.push(tenant);
}

export function makeReady(data: LimiterData, now: number, name: SendName): void {
  const { tenant, origin, conversation } = name;
  const lane = data.lanes.get(conversation) ?? { announced: 0 };
  lane.standing = "ready";
  lane.tenant = tenant;
  lane.account = origin;
  delete lane.token;
  data.lanes.set(conversation, lane);
  data.due.set(`l:${conversation}`, now + readyMs);
  const line = readyOf(data, origin);
  if (!line.includes(conversation)) line.push(conversation);
  queueAccount(data, tenant, origin);
}

/** Puts back what was lost alone of a known conversation and its account. */
export function mend(data: LimiterData, now: number, name: SendName): void {
  const { tenant, origin, conversation } = name;
  if (!data.due.has(`l:${conversation}`)) data.due.set(`l:${conversation}`, now + readyMs);
  if (data.limits.get(origin)?.queued === true) {
    const line = listOf(data.accounts, tenant);
    if (!line.includes(origin)) line.push(origin);
    if (!data.ring.includes(tenant)) data.ring.push(tenant);
  } else if (readyOf(data, origin).length > 0 && !data.due.has(`a:${origin}`)) {
    queueAccount(data, tenant, origin);
  }
}

/** Loses one key, as an eviction would; `choose` says which of so many. What counts calls is never evicted: that loses the limit. */
export function loseLimiterKey(data: LimiterData, choose: (below: number) => number): void {
  const losses: readonly (() => void)[] = [
    () => void data.ring.splice(0),
    () => data.due.clear(),
    ...[...data.accounts.keys()].map((key) => () => void data.accounts.delete(key)),
    ...[...data.ready.keys()].map((key) => () => void data.ready.delete(key)),
    ...[...data.limits.keys()].map((key) => () => void data.limits.delete(key)),
    ...[...data.flights.keys()].map((key) => () => void data.flights.delete(key)),
    ...[...data.lanes.keys()].map((key) => () => void data.lanes.delete(key)),
  ];
  losses[choose(losses.length)]?.();
}

/** Takes one grant out of a lane's windows; whether it was in the account's. */
export function giveBack(
  data: LimiterData,
  {
    origin,
    scopes,
    at,
  }: {
    readonly origin: OriginId;
    readonly scopes: readonly ScopeLimit[];
    readonly at: number;
  },
): boolean {
  for (const { key } of scopes) takeOut(data, scopeName(origin, key), at);
  return takeOut(data, scopeName(origin, ""), at);
}

function takeOut(data: LimiterData, name: string, at: number): boolean {
  const log = data.logs.get(name) ?? [];
  const place = log.lastIndexOf(at);
  if (place < 0) return false;
  log.splice(place, 1);
  return true;
}

/** Writes a grant of this moment into the windows of a lane. */
export function logGrant(
  data: LimiterData,
  origin: OriginId,
  { scopes, now }: { readonly scopes: readonly ScopeLimit[]; readonly now: number },
): void {
  for (const key of ["", ...scopes.map((scope) => scope.key)])
    listOf(data.logs, scopeName(origin, key)).push(now);
}

/** Ms until the narrower limits of a lane all have room, 0 when they have it now. */
export function waitOf(
  data: LimiterData,
  origin: OriginId,
  { scopes, now }: { readonly scopes: readonly ScopeLimit[]; readonly now: number },
): number {
  const waits = scopes.map(({ key, count, windowMs }) => {
    const name = scopeName(origin, key);
    const held = (data.holds.get(name) ?? now) - now;
    const span = windowMs + graceMs(windowMs);
    const log = listOf(data.logs, name);
    while ((log[0] ?? Infinity) < now - span) log.shift();
    const freed = log[log.length - count];
    return Math.max(held > 0 ? held + 1 : 0, freed === undefined ? 0 : freed + span + 1 - now);
  });
  return Math.max(0, ...waits);
}
