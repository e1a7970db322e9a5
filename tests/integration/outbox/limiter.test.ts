import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { ConversationId, OriginId } from "../../../src/core/ids.ts";
import { graceMs } from "../../../src/outbox/grant-life.ts";
import type { Dispatched, Grant } from "../../../src/outbox/limiter.ts";
import type { Origin } from "../../../src/tenants/origins.ts";
import { eventually } from "../../support/eventually.ts";
import { type OutboxBench, openOutboxBench } from "../../support/outbox.ts";

let bench: OutboxBench;
let tokens = 0;

beforeAll(async () => {
  bench = await openOutboxBench();
});
beforeEach(() => bench.loseRedis());
afterAll(() => bench.close());

const nextToken = (): string => {
  tokens += 1;
  return `t${tokens}.`;
};

async function dispatch(grantsMax = 1_000, calling?: ReadonlyMap<OriginId, number>) {
  const dispatched = await bench.limiter.dispatch(nextToken(), grantsMax, calling);
  if (dispatched.type === "cold") throw new Error("the limiter is cold");
  return dispatched;
}

/** Asks until something is granted. */
function granted(deadlineMs?: number): Promise<readonly Grant[]> {
  const look = async () => {
    const { grants } = await dispatch();
    return grants.length > 0 ? grants : null;
  };
  return eventually("a grant", look, deadlineMs);
}

function conversations(origin: Origin, count: number): readonly ConversationId[] {
  return Array.from({ length: count }, (_, n) => {
    const id = (origin.id * 100_000 + n).toString(16).padStart(12, "0");
    return `00000000-0000-0000-0000-${id}` as ConversationId;
  });
}

const done = (grant: Grant) => ({ grant, next: "done", used: true }) as const;
const convsOf = ({ grants }: Extract<Dispatched, { type: "granted" }>) =>
  grants.map((grant) => grant.conversation);

describe("one conversation", () => {
  test("only its head is granted: the next delivery waits for the end of the first", async () => {
    const origin = await bench.addOrigin();
    await bench.warm();
    const [one = never()] = conversations(origin, 1);
    await bench.announce(origin, [one, one]);
    const first = await dispatch();
    expect(convsOf(first)).toEqual([one]);
    expect(convsOf(await dispatch())).toEqual([]);
    await bench.limiter.release(first.grants.map(done));
    const second = await dispatch();
    expect(convsOf(second)).toEqual([one]);
    await bench.limiter.release(second.grants.map(done));
    expect(convsOf(await dispatch())).toEqual([]);
  });

  test("an announcement during a send is not lost, also when the sender saw nothing more to send", async () => {
    const origin = await bench.addOrigin();
    await bench.warm();
    const [one = never()] = conversations(origin, 1);
    await bench.announce(origin, [one]);
    const [grant = never()] = (await dispatch()).grants;
    await bench.announce(origin, [one]);
    await bench.limiter.release([{ grant, next: "empty", used: false }]);
    expect(convsOf(await dispatch())).toEqual([one]);
  });

  test("nothing open makes it idle, however often it was announced before", async () => {
    const origin = await bench.addOrigin();
    await bench.warm();
    const [one = never()] = conversations(origin, 1);
    await bench.announce(origin, [one, one, one]);
    const [grant = never()] = (await dispatch()).grants;
    await bench.limiter.release([{ grant, next: "empty", used: false }]);
    expect(await dispatch()).toMatchObject({ grants: [], nextDueMs: null });
    expect(await bench.redis.raw.exists(`${bench.prefix}lane:${one}`)).toBe(0);
  });

  test("a back-off is waited for to the end, and the limiter says how long it takes", async () => {
    const origin = await bench.addOrigin();
    await bench.warm();
    const [one = never()] = conversations(origin, 1);
    await bench.announce(origin, [one]);
    const [grant = never()] = (await dispatch()).grants;
    const released = performance.now();
    await bench.limiter.release([{ grant, next: { waitMs: 300 }, used: true }]);
    const { grants, nextDueMs } = await dispatch();
    expect(grants).toEqual([]);
    expect(nextDueMs).toBeLessThanOrEqual(300);
    expect(nextDueMs).toBeGreaterThan(200);
    await granted();
    expect(performance.now() - released).toBeGreaterThanOrEqual(299);
  });

  test("the token of a turn that is over changes nothing", async () => {
    const origin = await bench.addOrigin();
    await bench.warm();
    const [one = never()] = conversations(origin, 1);
    await bench.announce(origin, [one]);
    const [grant = never()] = (await dispatch()).grants;
    await bench.limiter.release([
      { grant: { ...grant, token: "older" }, next: "done", used: true },
    ]);
    expect(convsOf(await dispatch())).toEqual([]);
    await bench.limiter.release([{ grant, next: "again", used: true }]);
    await bench.limiter.release([{ grant, next: "done", used: false }]);
    expect(convsOf(await dispatch())).toEqual([one]);
  });

  test("a sender that never comes back loses the conversation after its lease", async () => {
    const origin = await bench.addOrigin({ inFlightMax: 1 });
    await bench.warm();
    const [one = never(), two = never()] = conversations(origin, 2);
    await bench.announce(origin, [one, two]);
    const begun = performance.now();
    expect(convsOf(await dispatch())).toEqual([one]);
    expect(convsOf({ type: "granted", nextDueMs: null, grants: await granted() })).toEqual([two]);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(bench.leaseMs - 1);
  });
});

describe("many conversations", () => {
  test("a waiting and a sending one are passed by the others", async () => {
    const origin = await bench.addOrigin();
    await bench.warm();
    const all = conversations(origin, 5);
    await bench.announce(origin, all);
    const [first = never(), second = never()] = (await dispatch(4)).grants;
    await bench.limiter.release([{ grant: first, next: { waitMs: 60_000 }, used: true }]);
    expect(convsOf(await dispatch())).toEqual(all.slice(2));
    await bench.limiter.release([done(second)]);
    expect(convsOf(await dispatch())).toEqual([]);
  });

  test("they are served in the order in which they became ready", async () => {
    const origin = await bench.addOrigin();
    await bench.warm();
    const all = conversations(origin, 20).toReversed();
    await bench.announce(origin, all);
    expect(convsOf(await dispatch())).toEqual(all);
  });

  test("tenants take turns, and the accounts of a tenant among themselves", async () => {
    const tenant = await bench.database.count(
      "INSERT INTO tenants (name) VALUES ('small') RETURNING tenant_id",
    );
    const [big, other] = [await bench.addOrigin(), await bench.addOrigin()];
    const small = await bench.addOrigin({ tenant });
    await bench.warm();
    await bench.announce(big, conversations(big, 200));
    await bench.announce(other, conversations(other, 30));
    await bench.announce(small, conversations(small, 40));
    const { grants } = await dispatch(64);
    const share = (origin: Origin) => grants.filter((grant) => grant.origin === origin.id).length;
    expect([share(big), share(other), share(small)]).toEqual([16, 16, 32]);
  });

  test("an account whose sends hang keeps its own berths and nobody else's", async () => {
    const hanging = await bench.addOrigin({ inFlightMax: 3 });
    const healthy = await bench.addOrigin({ inFlightMax: 3 });
    await bench.warm();
    await bench.announce(hanging, conversations(hanging, 20));
    const hung = (await dispatch()).grants;
    expect(hung).toHaveLength(3);
    await bench.announce(healthy, conversations(healthy, 20));
    for (let round = 0; round < 6; round += 1) {
      const { grants } = await dispatch();
      expect(grants.map((grant) => grant.origin)).toEqual(grants.map(() => healthy.id));
      expect(grants).toHaveLength(3);
      await bench.limiter.release(grants.map(done));
    }
    await bench.limiter.release(hung.slice(0, 1).map(done));
    expect((await dispatch()).grants.map((grant) => grant.origin)).toContain(hanging.id);
  });

  test("one process gives no account more calls than it leaves to the others, and other processes may give it more", async () => {
    const busy = await bench.addOrigin({ inFlightMax: 1_000 });
    const late = await bench.addOrigin({ inFlightMax: 1_000 });
    await bench.warm();
    await bench.announce(busy, conversations(busy, 100));
    const room = 60;
    const first = (await dispatch(room)).grants;
    expect(first).toHaveLength(room / 2);
    const calling = new Map([[busy.id, first.length]]);
    expect((await dispatch(room - first.length, calling)).grants).toEqual([]);
    await bench.announce(late, conversations(late, 100));
    const second = (await dispatch(room - first.length, calling)).grants;
    expect(second.map((grant) => grant.origin)).toEqual(Array(room / 4).fill(late.id));
    const other = (await dispatch(room)).grants;
    expect(other.filter((grant) => grant.origin === busy.id)).toHaveLength(room / 2);
    expect(other.filter((grant) => grant.origin === late.id)).toHaveLength(room / 2);
  });

  test("waiting behind a full account gathers no copies of a conversation", async () => {
    const origin = await bench.addOrigin();
    await bench.warm();
    await bench.limiter.hold(origin.id, 60_000);
    const all = conversations(origin, 50);
    await bench.announce(origin, all);
    // What was ready for too long is put back by each of these, as it is every half minute.
    for (let round = 0; round < 3; round += 1) {
      const due = all.flatMap((conversation) => [0, `l:${conversation}`]);
      await bench.redis.raw.zadd(`${bench.prefix}due`, ...due);
      await dispatch();
    }
    expect(await bench.redis.raw.zcard(`${bench.prefix}ready:${origin.id}`)).toBe(50);
  });

  test("an account that was switched off is not called, and goes on when it is switched on", async () => {
    const origin = await bench.addOrigin();
    await bench.warm();
    await bench.limiter.setLimits([{ ...origin, enabled: false }]);
    await bench.announce(origin, conversations(origin, 1));
    expect((await dispatch()).grants).toEqual([]);
    await bench.limiter.setLimits([origin]);
    expect((await dispatch()).grants).toHaveLength(1);
  });
});

describe("the window", () => {
  const rate = { count: 5, windowMs: 500 };
  const span = rate.windowMs + graceMs(rate.windowMs);

  test("a full account grants nothing until its oldest grant has left, and says when that is", async () => {
    const origin = await bench.addOrigin({ rate });
    await bench.warm();
    await bench.announce(origin, conversations(origin, 12));
    const first = await dispatch();
    expect(first.grants).toHaveLength(5);
    await bench.limiter.release(first.grants.map(done));
    const full = await dispatch();
    expect(full.grants).toEqual([]);
    expect(full.nextDueMs).toBeGreaterThan(span - 200);
    expect(full.nextDueMs).toBeLessThanOrEqual(span + 1);
    const [next = never()] = await granted();
    expect(next.at - (first.grants[0]?.at ?? 0)).toBeGreaterThan(span);
  });

  test("a slot that was not used is given back, also when it is not the newest any more", async () => {
    const origin = await bench.addOrigin({ rate });
    await bench.warm();
    await bench.announce(origin, conversations(origin, 12));
    const [unused = never()] = (await dispatch(1)).grants;
    await eventually("the next millisecond", async () => {
      const [seconds = "0", micros = "0"] = (await bench.redis.raw.time()).map(String);
      return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000) > unused.at;
    });
    const later = (await dispatch()).grants;
    expect(later).toHaveLength(4);
    expect((await dispatch()).grants).toEqual([]);
    await bench.limiter.release([{ grant: unused, next: { waitMs: 60_000 }, used: false }]);
    expect((await dispatch()).grants).toHaveLength(1);
    expect((await dispatch()).grants).toEqual([]);
  });

  test("a renewed grant takes the place of the old one and no second one", async () => {
    const origin = await bench.addOrigin({ rate });
    await bench.warm();
    await bench.announce(origin, conversations(origin, 12));
    const [old = never()] = (await dispatch(1)).grants;
    const renewed = (await bench.limiter.renew(old)) ?? never();
    expect(renewed.at).toBeGreaterThanOrEqual(old.at);
    expect((await dispatch()).grants).toHaveLength(4);
    expect(await bench.limiter.renew({ ...old, token: "another" })).toBeNull();
  });

  test("no grant is renewed into a hold, nor by a limiter that has lost its window", async () => {
    const origin = await bench.addOrigin({ rate });
    await bench.warm();
    await bench.announce(origin, conversations(origin, 2));
    const [held = never(), cold = never()] = (await dispatch()).grants;
    await bench.limiter.hold(origin.id, 60_000);
    expect(await bench.limiter.renew(held)).toBeNull();
    await bench.redis.raw.del(`${bench.prefix}hold:${origin.id}`, `${bench.prefix}warm`);
    expect(await bench.limiter.renew(cold)).toBeNull();
  });

  test("a raised limit is used at once", async () => {
    const origin = await bench.addOrigin({ rate: { count: 2, windowMs: 60_000 } });
    await bench.warm();
    await bench.announce(origin, conversations(origin, 12));
    expect((await dispatch()).grants).toHaveLength(2);
    expect((await dispatch()).grants).toHaveLength(0);
    await bench.limiter.setLimits([{ ...origin, rate: { count: 6, windowMs: 60_000 } }]);
    expect((await dispatch()).grants).toHaveLength(4);
  });

  test("an account that nobody described yet waits for its limits", async () => {
    const origin = await bench.addOrigin();
    await bench.warm();
    await bench.redis.raw.del(`${bench.prefix}account:${origin.id}`);
    await bench.announce(origin, conversations(origin, 1));
    expect((await dispatch()).grants).toEqual([]);
    await bench.limiter.setLimits([origin]);
    expect((await dispatch()).grants).toHaveLength(1);
  });
});

describe("a hold", () => {
  test("nothing is granted before its end, and other accounts go on", async () => {
    const held = await bench.addOrigin();
    const free = await bench.addOrigin();
    await bench.warm();
    await bench.announce(held, conversations(held, 3));
    const begun = performance.now();
    await bench.limiter.hold(held.id, 400);
    await bench.announce(free, conversations(free, 3));
    const first = await dispatch();
    expect(first.grants.map((grant) => grant.origin)).toEqual([free.id, free.id, free.id]);
    expect(first.nextDueMs).toBeLessThanOrEqual(402);
    expect(await granted()).toHaveLength(3);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(399);
  });

  test("a shorter one does not shorten it, a longer one makes it longer", async () => {
    const origin = await bench.addOrigin();
    await bench.warm();
    const left = () => bench.redis.raw.pttl(`${bench.prefix}hold:${origin.id}`);
    await bench.limiter.hold(origin.id, 60_000);
    await bench.limiter.hold(origin.id, 1_000);
    expect(await left()).toBeGreaterThan(50_000);
    await bench.limiter.hold(origin.id, 90_000);
    expect(await left()).toBeGreaterThan(80_000);
  });

  test("a new token ends it; the same token does not", async () => {
    const origin = await bench.addOrigin();
    await bench.warm();
    await bench.announce(origin, conversations(origin, 1));
    await bench.limiter.hold(origin.id, 3_600_000);
    await bench.limiter.setLimits([origin]);
    expect((await dispatch()).grants).toEqual([]);
    const repaired = {
      ...origin,
      account: { ...origin.account, credentials: { token: "another" } },
    };
    await bench.limiter.setLimits([repaired]);
    expect((await dispatch()).grants).toHaveLength(1);
  });

  test("no credential stands in Redis", async () => {
    const origin = await bench.addOrigin({ token: "canary-7d1e", apiUrl: "http://canary.invalid" });
    const account = await bench.redis.raw.hgetall(`${bench.prefix}account:${origin.id}`);
    expect(JSON.stringify(account)).not.toContain("canary");
  });
});

function never(): never {
  throw new Error("there is none");
}
