import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { grantLifeMsMax } from "../../../src/outbox/grant-life.ts";
import type { Grant, Limiter } from "../../../src/outbox/limiter.ts";
import { createLimiter } from "../../../src/outbox/limiter.ts";
import type { OutboxStore } from "../../../src/outbox/store.ts";
import type { RedisClient } from "../../../src/platform/redis/redis.ts";
import type { Origin } from "../../../src/tenants/origins.ts";
import { eventually } from "../../support/eventually.ts";
import { type OutboxBench, openOutboxBench } from "../../support/outbox.ts";

/** What a loss of Redis does to the limiter: it is closed until its window says again what was sent before. */
let bench: OutboxBench;
let tokens = 0;

beforeAll(async () => {
  bench = await openOutboxBench();
});
beforeEach(() => bench.loseRedis());
afterAll(() => bench.close());

async function grantsOf(limiter: Limiter = bench.limiter): Promise<readonly Grant[] | "cold"> {
  tokens += 1;
  const dispatched = await limiter.dispatch(`r${tokens}.`, 64);
  return dispatched.type === "cold" ? "cold" : dispatched.grants;
}

async function granted(limiter?: Limiter): Promise<readonly Grant[]> {
  const grants = await grantsOf(limiter);
  if (grants === "cold") throw new Error("the limiter is cold");
  return grants;
}

const rebuild = (limiter = bench.limiter, store = bench.store) =>
  limiter.rebuild(store, bench.origins.all(), () => null);

/** Deliveries of so many conversations, announced. */
async function backlog(origin: Origin, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    await bench.announce(origin, [await bench.put(origin, `client-${n}`)]);
  }
}

/** Marks the grants' deliveries, and ends those of them that `ends` says. */
async function mark(grants: readonly Grant[], ends: (index: number) => boolean): Promise<void> {
  const questions = grants.map((grant, i) => ({
    i,
    t: grant.tenant,
    c: grant.conversation,
    k: grant.token,
    sc: [],
  }));
  const answers = await bench.store.exchange([], questions);
  expect(answers.map((answer) => answer.verdict)).toEqual(grants.map(() => "marked"));
  for (const answer of answers) {
    const grant = grants[answer.i];
    if (grant === undefined || answer.verdict !== "marked" || !ends(answer.i)) continue;
    const keys = { t: grant.tenant, c: grant.conversation, g: grant.origin, k: grant.token };
    const end = { ...keys, q: answer.seq, a: answer.attempt, oc: "sent", fi: true, w: 0, fl: 0 };
    const empty = {
      st: 200,
      de: null,
      mi: null,
      ho: null,
      hr: null,
      hs: "",
      un: false,
      pk: null,
      bo: null,
    };
    await bench.store.exchange([{ ...end, ...empty }], []);
  }
}

async function sendsOf(origin: Origin) {
  const sends = await bench.store.recentSends(500);
  return sends.find((one) => one.origin_id === origin.id);
}

describe("after a loss", () => {
  test("nothing is granted until the window is rebuilt, and what was sent before counts", async () => {
    const origin = await bench.addOrigin({ rate: { count: 10, windowMs: 4_000 } });
    await bench.warm();
    await backlog(origin, 30);
    const before = performance.now();
    const first = await granted();
    expect(first).toHaveLength(10);
    // Six ended, four are still being sent: all ten are in the window.
    await mark(first, (index) => index < 6);
    await bench.loseRedis();
    expect(await grantsOf()).toBe("cold");
    const closed = performance.now();
    expect(await rebuild()).toBe(true);
    expect(performance.now() - closed).toBeGreaterThanOrEqual(grantLifeMsMax - 1);
    await bench.announce(origin, [await bench.put(origin, "after")]);
    expect(await granted()).toEqual([]);
    const next = await eventually("the next slot", async () => {
      const grants = await granted();
      return grants.length > 0 ? grants : null;
    });
    expect(next).toHaveLength(1);
    expect(performance.now() - before).toBeGreaterThanOrEqual(4_000);
  });

  test("no more of an origin's sends are read than its limit, and the newest of them", async () => {
    const origin = await bench.addOrigin({ rate: { count: 3, windowMs: 60_000 } });
    const conversation = await bench.put(origin, "c");
    await bench.database.rows(
      `INSERT INTO attempts (tenant_id, conv, seq, n, origin_id, started_at, outcome)
       SELECT $1, $2, n, 1, $3, now() - n * interval '1 s', 'sent' FROM generate_series(1, 20) n`,
      [origin.tenant, conversation, origin.id],
    );
    const sends = await sendsOf(origin);
    expect(sends?.ages.map((age) => Math.floor(age / 1_000))).toEqual([1, 2, 3]);
  });

  test("calls that were never made do not count: superseded and expired ones", async () => {
    const origin = await bench.addOrigin();
    const conversation = await bench.put(origin, "c");
    await bench.database.rows(
      `INSERT INTO attempts (tenant_id, conv, seq, n, origin_id, started_at, outcome)
       SELECT $1, $2, n, 1, $3, now(), o FROM unnest(ARRAY['superseded', 'expired', 'throttled', 'unknown']) WITH ORDINALITY x (o, n)`,
      [origin.tenant, conversation, origin.id],
    );
    const sends = await sendsOf(origin);
    expect(sends?.ages).toHaveLength(2);
  });

  test("a window of many thousand sends comes back whole", async () => {
    const origin = await bench.addOrigin({ rate: { count: 100_000, windowMs: 60_000 } });
    const conversation = await bench.put(origin, "c");
    await bench.database.rows(
      `INSERT INTO attempts (tenant_id, conv, seq, n, origin_id, started_at, outcome)
       SELECT $1, $2, n, 1, $3, now() - n * interval '50 us', 'sent' FROM generate_series(1, 99998) n`,
      [origin.tenant, conversation, origin.id],
    );
    expect(await rebuild()).toBe(true);
    expect(await bench.redis.raw.llen(`${bench.prefix}log:${origin.id}`)).toBe(99_998);
    await backlog(origin, 5);
    expect(await granted()).toHaveLength(2);
    const log = await bench.redis.raw.lrange(`${bench.prefix}log:${origin.id}`, 0, -1);
    expect(log.map(Number)).toEqual(log.map(Number).toSorted((a, b) => a - b));
  });

  test("a hold that only PostgreSQL remembers is obeyed again", async () => {
    const origin = await bench.addOrigin();
    await bench.database.rows(
      "INSERT INTO holds (tenant_id, origin_id, until, reason) VALUES ($1, $2, now() + interval '1 min', 'throttled')",
      [origin.tenant, origin.id],
    );
    expect(await rebuild()).toBe(true);
    await backlog(origin, 1);
    expect(await granted()).toEqual([]);
  });

  test("a grant of the lost Redis that is given back takes nothing from the rebuilt window", async () => {
    const origin = await bench.addOrigin({ rate: { count: 2, windowMs: 60_000 } });
    await bench.warm();
    await backlog(origin, 4);
    const [used, unused] = await granted();
    if (used === undefined || unused === undefined) throw new Error("two grants were due");
    await mark([used], () => false);
    // As after a restart with a copy on disk: the lanes are there, the log is doubted.
    await bench.redis.raw.del(`${bench.prefix}warm`);
    expect(await rebuild()).toBe(true);
    const log = () => bench.redis.raw.lrange(`${bench.prefix}log:${origin.id}`, 0, -1);
    const [entry] = await log();
    // By chance it may have been made in the very millisecond that the window now says.
    const at = Math.floor(Number(entry));
    const grant = { ...unused, at };
    await bench.limiter.release([{ grant, next: { waitMs: 60_000 }, used: false }]);
    expect(await log()).toHaveLength(1);
  });
});

describe("who rebuilds", () => {
  test("of many processes that begin at different moments one refills the window, and none keeps another from ending", async () => {
    await bench.addOrigin();
    const limiters = [bench.limiter, await bench.newLimiter(), await bench.newLimiter()];
    let readings = 0;
    const store: OutboxStore = {
      ...bench.store,
      recentSends: (graceMs) => {
        readings += 1;
        return bench.store.recentSends(graceMs);
      },
    };
    const begun = performance.now();
    const keepTrying = async (limiter: Limiter, delay: number): Promise<void> => {
      await eventually(`a delay of ${delay} ms`, () => performance.now() - begun > delay);
      await eventually("an open limiter", async () => {
        if ((await grantsOf(limiter)) !== "cold") return true;
        await rebuild(limiter, store);
        return (await grantsOf(limiter)) !== "cold";
      });
    };
    await Promise.all(limiters.map((limiter, n) => keepTrying(limiter, n * 170)));
    expect(readings).toBe(1);
  });

  test("who finds the limiter opened meanwhile leaves its window as it is, with grants that nobody marked yet", async () => {
    const origin = await bench.addOrigin({ rate: { count: 2, windowMs: 60_000 } });
    await bench.warm();
    await backlog(origin, 4);
    expect(await granted()).toHaveLength(2);
    await rebuild();
    expect(await granted()).toEqual([]);
  });

  test("a rebuild during which Redis is lost again opens nothing", async () => {
    await bench.addOrigin();
    const store: OutboxStore = {
      ...bench.store,
      recentSends: async (graceMs) => {
        const sends = await bench.store.recentSends(graceMs);
        await bench.loseRedis();
        return sends;
      },
    };
    expect(await rebuild(bench.limiter, store)).toBe(false);
    expect(await grantsOf()).toBe("cold");
  });

  test("a rebuild that was overtaken by another one does not overwrite what was granted since", async () => {
    const origin = await bench.addOrigin({ rate: { count: 3, windowMs: 60_000 } });
    const other = await bench.newLimiter();
    const store: OutboxStore = {
      ...bench.store,
      recentSends: async (graceMs) => {
        const sends = await bench.store.recentSends(graceMs);
        await bench.loseRedis();
        expect(await rebuild(other)).toBe(true);
        await backlog(origin, 3);
        expect(await granted(other)).toHaveLength(3);
        return sends;
      },
    };
    expect(await rebuild(bench.limiter, store)).toBe(false);
    expect(await bench.redis.raw.llen(`${bench.prefix}log:${origin.id}`)).toBe(3);
  });

  test("a rebuild that fails leaves the next one free to begin", async () => {
    await bench.addOrigin();
    const store: OutboxStore = {
      ...bench.store,
      recentSends: async () => {
        throw new Error("PostgreSQL is away");
      },
    };
    await expect(rebuild(bench.limiter, store)).rejects.toThrow("PostgreSQL is away");
    await eventually("a rebuild that works", () => rebuild());
    expect(await grantsOf()).toEqual([]);
  });
});

describe("the run id", () => {
  /** A client of the same Redis that believes in another run, as after a restart from an older copy. */
  const withRunId = (runId: string | null): RedisClient => ({ ...bench.redis, runId: () => runId });
  const limiterOn = (redis: RedisClient) => createLimiter(redis, bench.prefix, bench.leaseMs);

  test("a Redis that came back from a copy looks warm and is not", async () => {
    await bench.addOrigin();
    await bench.warm();
    expect(await grantsOf()).toEqual([]);
    expect(await grantsOf(limiterOn(withRunId("0123456789abcdef")))).toBe("cold");
  });

  test("without a run id nothing is granted and nothing is rebuilt", async () => {
    await bench.addOrigin();
    await bench.warm();
    const limiter = limiterOn(withRunId(null));
    expect(await grantsOf(limiter)).toBe("cold");
    expect(await rebuild(limiter)).toBe(false);
  });

  test("a rebuild that ends on another Redis than it began on does not count", async () => {
    await bench.addOrigin();
    let asked = 0;
    const changing: RedisClient = {
      ...bench.redis,
      runId: () => {
        asked += 1;
        return asked === 1 ? "before" : "after";
      },
    };
    expect(await rebuild(limiterOn(changing))).toBe(false);
    expect(await grantsOf(limiterOn(withRunId("after")))).toBe("cold");
  });
});
