import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { tenantId } from "../../../src/core/ids.ts";
import { claimOne, done, mail, named, openShard, type Shard } from "./shard.ts";

let shard: Shard;
beforeEach(async () => {
  shard = await openShard();
});
afterEach(() => shard.close());

const lane = (name: string, tenant = 1) => ({
  tenant: tenantId(tenant),
  conversation: named(name),
});

describe("post", () => {
  test("makes an idle lane ready once, however many events come", async () => {
    expect(await shard.lanes.post([mail("a", 1), mail("a", 2), mail("b", 3)])).toBe(2);
    expect(await shard.lanes.post([mail("a", 4)])).toBe(0);
    const claimed = await shard.lanes.claim("x.");
    expect(claimed.map((one) => [one.conversation, one.entries.map(({ id }) => id)])).toEqual([
      [named("a"), ["1", "2", "4"]],
      [named("b"), ["3"]],
    ]);
  });

  test("leaves a lane that is in work or waits to its own release", async () => {
    await shard.lanes.post([mail("a", 1)]);
    const held = await claimOne(shard.lanes);
    expect(await shard.lanes.post([mail("a", 2)])).toBe(0);
    expect(await shard.lanes.claim("y.")).toEqual([]);
    await shard.lanes.release([done(held, { next: { waitMs: 60_000 } })]);
    expect(await shard.lanes.post([mail("a", 3)])).toBe(0);
    expect(await shard.lanes.claim("z.")).toEqual([]);
  });

  test("keeps at most 200 entries and counts the rest, so that they are read from PostgreSQL", async () => {
    await shard.lanes.post(Array.from({ length: 230 }, (_, i) => mail("a", i + 1)));
    expect(await shard.redis.raw.llen(`${shard.prefix}mail:a`)).toBe(200);
    expect((await claimOne(shard.lanes)).more).toBe(30);
  });

  test("keeps only the id of an event that is too large", async () => {
    await shard.lanes.post([{ ...mail("a", 1), event: "ж".repeat(5_000) }]);
    expect((await claimOne(shard.lanes)).entries).toEqual([{ id: "1", event: "" }]);
  });

  test("gives an event back exactly as it was, bars and all", async () => {
    const event = '{"text":"a|b|\\u0001 🦊"}';
    await shard.lanes.post([{ ...mail("a", 1), event }]);
    expect((await claimOne(shard.lanes)).entries).toEqual([{ id: "1", event }]);
  });
});

describe("claim", () => {
  test("gives every lane to one worker only, however many ask at once", async () => {
    await shard.lanes.post(Array.from({ length: 500 }, (_, i) => mail(`c${i}`, i + 1, i % 7)));
    const claims = await Promise.all(
      Array.from({ length: 20 }, (_, i) => shard.lanes.claim(`w${i}.`)),
    );
    const names = claims.flat().map(({ conversation }) => conversation);
    expect(names).toHaveLength(500);
    expect(new Set(names).size).toBe(500);
    expect(new Set(claims.flat().map(({ token }) => token)).size).toBe(500);
  });

  test("takes the tenants in turn: a large one does not keep a small one waiting", async () => {
    await shard.lanes.post(Array.from({ length: 100 }, (_, i) => mail(`big${i}`, i + 1, 1)));
    await shard.lanes.post([mail("small", 999, 2)]);
    const claimed = await shard.lanes.claim("x.");
    expect(claimed).toHaveLength(64);
    expect(claimed.findIndex(({ tenant }) => tenant === 2)).toBe(8);
  });

  test("skips an entry whose lane is not ready: a lane stands in line twice after a reap", async () => {
    await shard.lanes.post([mail("a", 1)]);
    await shard.makeOverdue(named("a"));
    expect(await shard.lanes.reap()).toBe(1);
    expect(await shard.lanes.claim("x.")).toHaveLength(1);
    expect(await shard.lanes.claim("y.")).toEqual([]);
  });

  test("counts the claims that were never released", async () => {
    await shard.lanes.post([mail("a", 1)]);
    for (const tries of [0, 1, 2]) {
      expect((await claimOne(shard.lanes)).tries).toBe(tries);
      await shard.makeOverdue(named("a"));
      await shard.lanes.reap();
    }
    await shard.lanes.release([done(await claimOne(shard.lanes), { next: "again" })]);
    expect((await claimOne(shard.lanes)).tries).toBe(0);
  });
});

describe("release", () => {
  test("makes a lane idle when its mailbox is empty, and nothing of it is left but its state", async () => {
    await shard.lanes.post([mail("a", 1)]);
    await shard.lanes.release([done(await claimOne(shard.lanes))]);
    expect(await shard.redis.raw.keys(`${shard.prefix}*`)).toEqual([`${shard.prefix}state:a`]);
    expect(await shard.redis.raw.ttl(`${shard.prefix}state:a`)).toBeGreaterThan(86_000);
  });

  test("drops the entries that were read and keeps those that came meanwhile: the lane is ready again", async () => {
    await shard.lanes.post([mail("a", 1), mail("a", 2)]);
    const held = await claimOne(shard.lanes);
    await shard.lanes.post([mail("a", 3)]);
    expect(await shard.lanes.release([done(held)])).toBe(1);
    const next = await claimOne(shard.lanes);
    expect(next.entries.map(({ id }) => id)).toEqual(["3"]);
    expect(next.cached).toEqual({ version: 1, state: "{}" });
  });

  test("with a wrong token changes nothing at all", async () => {
    await shard.lanes.post([mail("a", 1)]);
    const zombie = await claimOne(shard.lanes);
    await shard.makeOverdue(named("a"));
    await shard.lanes.reap();
    const holder = await claimOne(shard.lanes);
    const before = await shard.redis.raw.hgetall(`${shard.prefix}lane:a`);
    expect(
      await shard.lanes.release([done(zombie, { cache: { version: 9, state: '"old"' } })]),
    ).toBe(0);
    expect(await shard.redis.raw.hgetall(`${shard.prefix}lane:a`)).toEqual(before);
    expect(await shard.redis.raw.llen(`${shard.prefix}mail:a`)).toBe(1);
    expect(await shard.redis.raw.exists(`${shard.prefix}state:a`)).toBe(0);
    await shard.lanes.release([done(holder)]);
    expect(await shard.field(named("a"), "st")).toBeNull();
  });

  test("of a lane that has been reaped but not claimed again is ignored, too", async () => {
    await shard.lanes.post([mail("a", 1)]);
    const zombie = await claimOne(shard.lanes);
    await shard.makeOverdue(named("a"));
    await shard.lanes.reap();
    await shard.lanes.release([done(zombie)]);
    expect((await claimOne(shard.lanes)).entries).toHaveLength(1);
  });

  test("never replaces a state by an older one", async () => {
    const cached = async (version: number | "forget") => {
      await shard.lanes.post([mail("a", 1)]);
      const cache = version === "forget" ? version : { version, state: `"${version}"` };
      await shard.lanes.release([done(await claimOne(shard.lanes), { cache })]);
      return shard.redis.raw.get(`${shard.prefix}state:a`);
    };
    expect(await cached(9)).toBe('9|"9"');
    expect(await cached(5)).toBe('9|"9"');
    expect(await cached(10)).toBe('10|"10"');
    expect(await cached("forget")).toBeNull();
  });

  test("that keeps a lane leaves its entries and its count of claims as they were", async () => {
    await shard.lanes.post([mail("a", 1)]);
    const first = await claimOne(shard.lanes);
    await shard.lanes.release([done(first, { next: "keep", cache: null })]);
    const second = await claimOne(shard.lanes);
    expect(second.tries).toBe(0);
    expect(second.entries).toHaveLength(1);
  });

  test("lets a lane wait: nobody gets it before its time", async () => {
    await shard.lanes.post([mail("a", 1)]);
    await shard.lanes.release([done(await claimOne(shard.lanes), { next: { waitMs: 60_000 } })]);
    expect(await shard.lanes.reap()).toBe(0);
    expect(await shard.lanes.wake([lane("a")])).toBe(0);
    await shard.makeOverdue(named("a"));
    expect(await shard.lanes.reap()).toBe(1);
    expect((await claimOne(shard.lanes)).tries).toBe(0);
  });

  test("keeps its caution until the lane is idle", async () => {
    await shard.lanes.post([mail("a", 1)]);
    const caution = { care: 3, single: 5 };
    await shard.lanes.release([done(await claimOne(shard.lanes), { next: "again", caution })]);
    const careful = await claimOne(shard.lanes);
    expect(careful.caution).toEqual(caution);
    await shard.lanes.release([done(careful, { caution })]);
    await shard.lanes.post([mail("a", 2)]);
    expect((await claimOne(shard.lanes)).caution).toEqual({ care: 0, single: 0 });
  });

  test("forgets the overflow only when PostgreSQL was read to its end and nothing came since", async () => {
    await shard.lanes.post(Array.from({ length: 201 }, (_, i) => mail("a", i + 1)));
    const first = await claimOne(shard.lanes);
    await shard.lanes.release([done(first, { next: "again" })]);
    const second = await claimOne(shard.lanes);
    expect(second.more).toBe(1);
    await shard.lanes.release([done(second, { next: { waitMs: 1 } })]);
    expect(await shard.field(named("a"), "more")).toBe("1");
    await shard.makeOverdue(named("a"));
    await shard.lanes.reap();
    const third = await claimOne(shard.lanes);
    await shard.lanes.post(Array.from({ length: 201 }, (_, i) => mail("a", i + 500)));
    await shard.lanes.release([done(third)]);
    expect(Number(await shard.field(named("a"), "more"))).toBeGreaterThan(1);
  });
});

describe("renew, reap and wake", () => {
  test("a renewed lease is not reaped, a forgotten one is", async () => {
    await shard.lanes.post([mail("a", 1), mail("b", 2)]);
    const held = await shard.lanes.claim("x.");
    for (const { conversation } of held) await shard.makeOverdue(conversation);
    await shard.lanes.renew(held.slice(0, 1));
    expect(await shard.lanes.reap()).toBe(1);
    expect((await claimOne(shard.lanes)).conversation).toBe(held[1]?.conversation ?? named("none"));
  });

  test("a lease that is somebody else's now is not renewed", async () => {
    await shard.lanes.post([mail("a", 1)]);
    const zombie = await claimOne(shard.lanes);
    await shard.makeOverdue(named("a"));
    await shard.lanes.reap();
    await claimOne(shard.lanes);
    await shard.makeOverdue(named("a"));
    await shard.lanes.renew([zombie]);
    expect(await shard.lanes.reap()).toBe(1);
  });

  test("a fresh lease lasts six seconds by Redis's clock", async () => {
    await shard.lanes.post([mail("a", 1)]);
    await claimOne(shard.lanes);
    const [seconds] = await shard.redis.raw.time();
    const due = Number(await shard.redis.raw.zscore(`${shard.prefix}due`, "a"));
    expect(Math.abs(due - Number(seconds) * 1_000 - 6_000)).toBeLessThan(2_000);
  });

  test("a reap takes a hundred lanes at most, so that Redis is never busy with one for long", async () => {
    await shard.lanes.post(Array.from({ length: 120 }, (_, i) => mail(`c${i}`, i + 1)));
    for (let i = 0; i < 120; i += 1) await shard.makeOverdue(named(`c${i}`));
    expect(await shard.lanes.reap()).toBe(100);
    expect(await shard.lanes.reap()).toBe(20);
  });

  test("lanes that stay ready for hours do not gather copies in their list, and each is claimed once", async () => {
    const names = ["a", "b", "c"].map(named);
    await shard.lanes.post(names.map((name, index) => mail(name, index + 1)));
    for (let hour = 0; hour < 50; hour += 1) {
      for (const name of names) await shard.makeOverdue(name);
      // Their wake-up may be what was lost: it is posted again.
      expect(await shard.lanes.reap()).toBe(3);
    }
    expect(await shard.redis.raw.llen(`${shard.prefix}ready:1`)).toBeLessThanOrEqual(6);
    expect((await shard.lanes.claim("x.")).map((one) => one.conversation).toSorted()).toEqual(
      names,
    );
    expect(await shard.lanes.claim("y.")).toEqual([]);
  });

  test("a wake makes an idle lane ready and leaves the others alone", async () => {
    expect(await shard.lanes.wake([lane("a"), lane("b")])).toBe(2);
    expect(await shard.lanes.wake([lane("a")])).toBe(0);
    const claimed = await shard.lanes.claim("x.");
    expect(claimed).toHaveLength(2);
    expect(claimed[0]?.entries).toEqual([]);
    expect(await shard.lanes.wake([lane("a")])).toBe(0);
  });

  test("an overdue entry without a lane is forgotten", async () => {
    await shard.redis.raw.zadd(`${shard.prefix}due`, 1, "ghost");
    expect(await shard.lanes.reap()).toBe(0);
    expect(await shard.redis.raw.zcard(`${shard.prefix}due`)).toBe(0);
  });
});

describe("after any loss in Redis", () => {
  /** What the sweeper and the reaper do, with time made to pass. */
  async function recovered(): Promise<number> {
    await shard.lanes.wake([lane("a", 5)]);
    await shard.makeOverdue(named("a"));
    await shard.lanes.reap();
    return (await shard.lanes.claim("x.")).length;
  }

  const keys = ["lane:a", "mail:a", "due", "ready", "ready:5"];

  test("of one key, a ready lane comes back", async () => {
    for (const key of keys) {
      await shard.lanes.post([mail("a", 1, 5)]);
      await shard.redis.raw.del(`${shard.prefix}${key}`);
      expect([key, await recovered()]).toEqual([key, 1]);
      await shard.redis.raw.del(keys.map((one) => `${shard.prefix}${one}`));
    }
  });

  test("of one key, a lane whose worker died comes back", async () => {
    for (const key of keys) {
      await shard.lanes.post([mail("a", 1, 5)]);
      await claimOne(shard.lanes);
      await shard.redis.raw.del(`${shard.prefix}${key}`);
      expect([key, await recovered()]).toEqual([key, 1]);
      await shard.redis.raw.del(keys.map((one) => `${shard.prefix}${one}`));
    }
  });

  test("of everything, a zombie's number is not valid again", async () => {
    await shard.lanes.post([mail("a", 1)]);
    const zombie = await claimOne(shard.lanes);
    await shard.redis.raw.del(...keys.map((key) => `${shard.prefix}${key}`));
    await shard.lanes.post([mail("a", 1)]);
    await claimOne(shard.lanes);
    expect(await shard.lanes.release([done(zombie)])).toBe(0);
    expect(await shard.field(named("a"), "st")).toBe("X");
  });
});
