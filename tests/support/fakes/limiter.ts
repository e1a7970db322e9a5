import type { OriginId } from "../../../src/core/ids.ts";
import { graceMs } from "../../../src/outbox/grant-life.ts";
import type { Announcement, Grant, Limiter, SendRelease } from "../../../src/outbox/limiter.ts";
import { rebuildWindow } from "../../../src/outbox/rebuild.ts";
import { type HeldScope, scopeName } from "../../../src/outbox/scopes.ts";
import type { RunOutboxScript } from "../../../src/outbox/scripts.ts";
import type { OutboxStore } from "../../../src/outbox/store.ts";
import type { Origin } from "../../../src/tenants/origins.ts";
import {
  accountOf,
  giveBack,
  type Limits,
  type LimiterData,
  listOf,
  logGrant,
  makeReady,
  mend,
  queueAccount,
  readyOf,
} from "./limiter-data.ts";
import { dispatch } from "./limiter-dispatch.ts";

/** Safeguards that a mutant leaves out. */
export type LimiterMutants = {
  /** Counts the window without the grants' life. */
  readonly exactWindow?: boolean;
  /** Grants although the logs are not known to be complete. */
  readonly openWhileCold?: boolean;
  /** Takes any Redis that was once complete for this one. */
  readonly noRunId?: boolean;
  /** Lets whoever rebuilds finish, whatever happened meanwhile. */
  readonly noNonce?: boolean;
  /** Leaves a conversation alone whose place in a line was lost. */
  readonly noMend?: boolean;
  /** Reads the former sends at once, not when the grants of the lost Redis are dead. */
  readonly noGrace?: boolean;
};

export type FakeLimiterOptions = {
  /** Asked at every call, because Redis may have been replaced by an empty or older one. */
  readonly data: () => LimiterData;
  /** Redis's clock, ms. */
  readonly now: () => number;
  /** Run id of the Redis behind this process's connection. */
  readonly runId: () => string | null;
  readonly leaseMs: number;
  /** Brings one script to Redis and its answer back. */
  readonly call: <T>(script: () => Promise<T>) => Promise<T>;
  readonly mutants?: LimiterMutants;
  readonly onGrant?: () => void;
};

const grantsPerCallMax = 64;

/** The limiter in memory. Every script is done at once and whole; a rebuild is the real one over these scripts. */
export function createFakeLimiter(options: FakeLimiterOptions): Limiter {
  const { data, now, runId, leaseMs, mutants = {} } = options;
  const run = <T>(script: (data: LimiterData, now: number) => T): Promise<T> =>
    options.call(async () => script(data(), now()));

  const setLimits = (origins: readonly Origin[]): Promise<void> =>
    run((redis, at) => {
      for (const origin of origins) limit(redis, at, origin);
    });
  const hold: Limiter["hold"] = (origin, ms, scope) =>
    run((redis, at) => holdFor(redis, { origin, ms, at, scope: scope ?? null }));

  return {
    announce: (announcements) =>
      run((redis, at) => announcements.filter((one) => announce(redis, at, one)).length),
    recover: (announcements) =>
      run(
        (redis, at) =>
          announcements.filter((one) => recover(redis, at, { ...one, mutants })).length,
      ),
    dispatch: async (token, grantsMax, calling = new Map()) => {
      const known = runId();
      if (known === null) return { type: "cold" };
      return run((redis, at) => {
        const warm = redis.warm === known || (mutants.noRunId === true && redis.warm !== null);
        if (!warm && mutants.openWhileCold !== true) return { type: "cold" as const };
        const most = Math.min(grantsMax, grantsPerCallMax);
        const exactWindow = mutants.exactWindow === true;
        // An origin gets no more than it leaves to the others.
        const shareOf = (origin: OriginId): number =>
          Math.max(0, Math.floor((grantsMax + 1 - (calling.get(origin) ?? 0)) / 2));
        const rules = { now: at, token, grantsMax: most, leaseMs, exactWindow, shareOf };
        const dispatched = dispatch(redis, rules);
        if (dispatched.type === "granted" && dispatched.grants.length > 0) options.onGrant?.();
        return dispatched;
      });
    },
    renew: (grant) => run((redis, at) => renew(redis, at, { grant, runId: runId() })),
    release: (releases) =>
      run((redis, at) => {
        for (const one of releases) release(redis, at, one);
      }),
    hold,
    setLimits,
    rebuild: async (store, origins, scopesOf) =>
      rebuildWindow({
        redis: {
          runId,
          raw: {
            get: () => run(({ warm }) => warm),
            set: (_key, nonce, _px, lifeMs) => takeNonce(nonce, lifeMs),
          },
        },
        prefix: "",
        run: rebuildScripts(run, mutants),
        setLimits,
        hold,
        store: mutants.noGrace === true ? await readEarly(store, now) : store,
        origins,
        scopesOf,
      }),
  };

  function takeNonce(nonce: string, lifeMs: number): Promise<"OK" | null> {
    return run((redis, at) => {
      if (nonceOf(redis, at) !== null && mutants.noNonce !== true) return null;
      redis.rebuild = { nonce, until: at + lifeMs };
      return "OK";
    });
  }
}

/** A store that knows only what it knew now. */
async function readEarly(store: OutboxStore, now: () => number): Promise<OutboxStore> {
  const [sends, readAt] = [await store.recentSends(longMs), now()];
  const older = (ages: readonly number[]) => ages.map((age) => age + now() - readAt);
  return {
    ...store,
    recentSends: async () => sends.map((one) => ({ ...one, ages: older(one.ages) })),
  };
}

const longMs = 5_000;

type Run = <T>(script: (data: LimiterData, now: number) => T) => Promise<T>;

function rebuildScripts(run: Run, mutants: LimiterMutants): RunOutboxScript {
  return (script, [nonce, second, ...rest]) =>
    run((redis, now) => {
      const isOurs = nonceOf(redis, now) === nonce || mutants.noNonce === true;
      if (!isOurs) return 0;
      if (script === "warm") return open(redis, String(second ?? ""));
      if (script === "refill") return refill(redis, now, String(second), rest.map(Number));
      throw new Error(`a rebuild does not run ${script}`);
    });
}

function nonceOf({ rebuild }: LimiterData, now: number): string | null {
  return rebuild !== null && rebuild.until > now ? rebuild.nonce : null;
}

function refill(
  redis: LimiterData,
  now: number,
  name: string,
  [isFirst, ...ages]: readonly number[],
): number {
  const log = listOf(redis.logs, name);
  if (isFirst === 1) log.length = 0;
  log.push(...ages.map((age) => now - Math.floor(age) + 0.5));
  return 1;
}

function open(redis: LimiterData, runId: string): number {
  redis.rebuild = null;
  if (runId === "") return 0;
  redis.warm = runId;
  return 1;
}

function limit(redis: LimiterData, now: number, origin: Origin): void {
  const account = accountOf(redis, origin.id, origin.tenant);
  const { count, windowMs } = origin.rate;
  const limits: Limits = {
    count,
    windowMs,
    graceMs: graceMs(windowMs),
    flights: origin.enabled && origin.fault === null ? origin.inFlightMax : 0,
    credentials: JSON.stringify(origin.account),
  };
  const known = account.limits;
  if (known !== null && known.credentials !== limits.credentials)
    redis.holds.delete(scopeName(origin.id, ""));
  const changed = JSON.stringify(known) !== JSON.stringify(limits);
  account.tenant = origin.tenant;
  account.limits = limits;
  if (changed) redis.due.set(`a:${origin.id}`, now);
}

function announce(redis: LimiterData, now: number, one: Announcement): boolean {
  const lane = redis.lanes.get(one.conversation) ?? { announced: 0 };
  redis.lanes.set(one.conversation, lane);
  lane.announced += one.count;
  if (one.scopes.length > 0) lane.scopes = one.scopes;
  return lane.standing === undefined && begin(redis, now, one);
}

function recover(
  redis: LimiterData,
  now: number,
  one: Announcement & { readonly mutants: LimiterMutants },
): boolean {
  const lane = redis.lanes.get(one.conversation) ?? { announced: 0 };
  if (lane.standing !== undefined) {
    if (one.mutants.noMend !== true) mend(redis, now, one);
    return false;
  }
  redis.lanes.set(one.conversation, lane);
  lane.announced = one.count;
  if (one.scopes.length > 0) lane.scopes = one.scopes;
  return begin(redis, now, one);
}

function begin(redis: LimiterData, now: number, one: Announcement): boolean {
  const waitMs = Math.max(0, Math.ceil(one.waitMs));
  if (waitMs === 0) {
    makeReady(redis, now, one);
    return true;
  }
  const known = redis.lanes.get(one.conversation) ?? { announced: 0 };
  const { tenant, origin: account } = one;
  redis.lanes.set(one.conversation, { ...known, standing: "waiting", tenant, account });
  redis.due.set(`l:${one.conversation}`, now + waitMs);
  return false;
}

type Held = {
  readonly origin: OriginId;
  readonly ms: number;
  readonly at: number;
  readonly scope: HeldScope | null;
};

/** Holds a scope or the account; two scopes held in doubt at once were the account. */
function holdFor(redis: LimiterData, { origin, ms, at, scope }: Held): boolean {
  const until = at + Math.ceil(ms);
  const hold = (key: string) => {
    const name = scopeName(origin, key);
    if (ms > 0 && (redis.holds.get(name) ?? 0) < until) redis.holds.set(name, until);
  };
  hold(scope?.key ?? "");
  if (scope === null) return true;
  if (!scope.unsure || ms <= 0) return false;
  const doubts = redis.doubts.get(origin) ?? new Map<string, number>();
  redis.doubts.set(origin, doubts);
  for (const [key, end] of doubts) if (end <= at) doubts.delete(key);
  if (doubts.set(scope.key, until).size < 2) return false;
  hold("");
  return true;
}

function renew(
  redis: LimiterData,
  now: number,
  { grant, runId }: { readonly grant: Grant; readonly runId: string | null },
): Grant | null {
  const { conversation, origin, token, at } = grant;
  const lane = redis.lanes.get(conversation);
  if (redis.warm !== runId || lane?.token !== token) return null;
  const scopes = lane.scopes ?? [];
  const names = ["", ...scopes.map(({ key }) => key)].map((key) => scopeName(origin, key));
  if (names.some((name) => (redis.holds.get(name) ?? 0) > now)) return null;
  if (!giveBack(redis, { origin, scopes, at })) return null;
  logGrant(redis, origin, { scopes, now });
  return { ...grant, at: now };
}

function release(redis: LimiterData, now: number, { grant, next, used }: SendRelease): void {
  const { conversation, token } = grant;
  const lane = redis.lanes.get(conversation);
  if (lane === undefined || lane.token !== token) return;
  const { tenant = grant.tenant, account: origin = grant.origin } = lane;
  redis.flights.get(origin)?.delete(conversation);
  if (!used) giveBack(redis, { origin, scopes: lane.scopes ?? [], at: grant.at });
  if (next === "done") lane.announced -= 1;
  if (next === "empty") lane.announced -= grant.announced;
  lane.announced = Math.max(0, lane.announced);
  if (typeof next !== "string") {
    lane.standing = "waiting";
    delete lane.token;
    redis.due.set(`l:${conversation}`, now + Math.max(1, Math.ceil(next.waitMs)));
  } else if (next === "again" || lane.announced > 0) {
    makeReady(redis, now, { tenant, origin, conversation });
  } else {
    redis.lanes.delete(conversation);
    redis.due.delete(`l:${conversation}`);
  }
  if (readyOf(redis, origin).length > 0) queueAccount(redis, tenant, origin);
}
