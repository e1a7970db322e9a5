import type { ConversationId, OriginId, TenantId } from "../../../src/core/ids.ts";
import type { Dispatched, Grant } from "../../../src/outbox/limiter.ts";
import { scopeName } from "../../../src/outbox/scopes.ts";
import {
  accountOf,
  type DueItem,
  type LimiterData,
  type Limits,
  listOf,
  logGrant,
  makeReady,
  queueAccount,
  readyOf,
  waitOf,
} from "./limiter-data.ts";

export type DispatchRules = {
  readonly now: number;
  readonly token: string;
  readonly grantsMax: number;
  readonly leaseMs: number;
  /** Most grants to one account, by the calls that the asking process has in flight to it. */
  readonly shareOf: (origin: OriginId) => number;
  /** Counts only the window itself, without the grants' life. */
  readonly exactWindow: boolean;
};

const lanesPerTurn = 8;
const duePerCallMax = 200;
const pauseMs = 1_000;

/** Grants slots of this moment, tenants in turn. */
export function dispatch(data: LimiterData, rules: DispatchRules): Dispatched {
  putBackWhatIsDue(data, rules.now);
  const grants: Grant[] = [];
  const round: Round = { grants, shares: new Map(), served: [] };
  while (grants.length < rules.grantsMax) {
    const tenant = data.ring.shift();
    if (tenant === undefined) break;
    const line = listOf(data.accounts, tenant);
    const origin = line.shift();
    if (line.length > 0) data.ring.push(tenant);
    if (origin !== undefined) serve(data, { ...rules, tenant, origin }, round);
  }
  for (const { tenant, origin } of round.served) queueAccount(data, tenant, origin);
  const first = [...data.due.values()].reduce((least, at) => Math.min(least, at), Infinity);
  const nextDueMs = first === Infinity ? null : Math.max(0, Math.ceil(first - rules.now));
  return { type: "granted", grants, nextDueMs };
}

function putBackWhatIsDue(data: LimiterData, now: number): void {
  const items = [...data.due]
    .filter(([, at]) => at <= now)
    .toSorted(([a, one], [b, other]) => one - other || (a < b ? -1 : 1))
    .slice(0, duePerCallMax);
  for (const [item] of items) {
    data.due.delete(item);
    putBack(data, now, item);
  }
}

function putBack(data: LimiterData, now: number, item: DueItem): void {
  for (const [conversation, lane] of data.lanes) {
    if (item !== `l:${conversation}` || lane.standing === undefined) continue;
    const { tenant, account: origin } = lane;
    if (tenant !== undefined && origin !== undefined)
      makeReady(data, now, { tenant, origin, conversation });
  }
  for (const [origin, { tenant }] of data.limits)
    if (item === `a:${origin}` && readyOf(data, origin).length > 0)
      queueAccount(data, tenant, origin);
}

type Room = { readonly slots: number; readonly waitMs: number };

function roomOf(data: LimiterData, origin: OriginId, rules: DispatchRules): Room {
  const { now } = rules;
  const limits = data.limits.get(origin)?.limits ?? null;
  if (limits === null) return { slots: 0, waitMs: pauseMs };
  const held = data.holds.get(scopeName(origin, "")) ?? now;
  if (held > now) return { slots: 0, waitMs: held - now + 1 };
  const window = windowOf(data, origin, { ...rules, limits });
  if (window.slots <= 0) return window;
  const berths = limits.flights - flightsOf(data, origin, now);
  if (berths <= 0) return { slots: 0, waitMs: pauseMs };
  return { slots: Math.min(window.slots, berths), waitMs: 0 };
}

function windowOf(
  data: LimiterData,
  origin: OriginId,
  { now, limits, exactWindow }: DispatchRules & { readonly limits: Limits },
): Room {
  const span = limits.windowMs + (exactWindow ? 0 : limits.graceMs);
  const log = listOf(data.logs, scopeName(origin, ""));
  while ((log[0] ?? Infinity) < now - span) log.shift();
  const free = limits.count - log.length;
  return free > 0
    ? { slots: free, waitMs: 0 }
    : { slots: 0, waitMs: (log[0] ?? now) + span + 1 - now };
}

function flightsOf(data: LimiterData, origin: OriginId, now: number): number {
  const flights = data.flights.get(origin) ?? new Map<ConversationId, number>();
  for (const [conversation, until] of flights) if (until <= now) flights.delete(conversation);
  return flights.size;
}

type Turn = DispatchRules & { readonly tenant: TenantId; readonly origin: OriginId };

/** One dispatch on its way: what was granted, what each account may still have, and who has had its share. */
type Round = {
  readonly grants: Grant[];
  readonly shares: Map<OriginId, number>;
  readonly served: Turn[];
};

function serve(data: LimiterData, turn: Turn, { grants, shares, served }: Round): void {
  const { tenant, origin, now } = turn;
  const account = accountOf(data, origin, tenant);
  account.queued = false;
  account.tenant = tenant;
  const room = roomOf(data, origin, turn);
  const left = shares.get(origin) ?? turn.shareOf(origin);
  const most = Math.min(room.slots, lanesPerTurn, turn.grantsMax - grants.length, left);
  const line = readyOf(data, origin);
  let given = 0;
  while (given < most) {
    const conversation = line.shift();
    if (conversation === undefined) break;
    const grant = grantTo(data, turn, { conversation, place: grants.length });
    if (grant === null) continue;
    grants.push(grant);
    given += 1;
  }
  shares.set(origin, left - given);
  if (line.length === 0) return;
  if (room.slots === 0) data.due.set(`a:${origin}`, now + Math.max(1, room.waitMs));
  else if (left > given) queueAccount(data, tenant, origin);
  else served.push(turn);
}

function grantTo(
  data: LimiterData,
  { now, tenant, origin, token, leaseMs }: Turn,
  { conversation, place }: { readonly conversation: ConversationId; readonly place: number },
): Grant | null {
  const lane = data.lanes.get(conversation);
  if (lane?.standing !== "ready") return null;
  const scopes = lane.scopes ?? [];
  const waitMs = waitOf(data, origin, { scopes, now });
  if (waitMs > 0) {
    lane.standing = "waiting";
    data.due.set(`l:${conversation}`, now + waitMs);
    return null;
  }
  lane.standing = "sending";
  lane.token = `${token}${place}`;
  data.due.set(`l:${conversation}`, now + leaseMs);
  const flights = data.flights.get(origin) ?? new Map<ConversationId, number>();
  data.flights.set(origin, flights.set(conversation, now + leaseMs));
  logGrant(data, origin, { scopes, now });
  const { announced } = lane;
  return { conversation, tenant, origin, token: lane.token, announced, at: now, scopes };
}
