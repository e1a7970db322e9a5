import { expect, test } from "bun:test";
import { tenantId } from "../../src/core/ids.ts";
import { createLimiter, type Dispatched, type Grant } from "../../src/outbox/limiter.ts";
import { createRandom, type Random } from "../support/simulation/random.ts";
import { openTestRedis } from "../support/test-redis.ts";
import { openFakeLimiter } from "./fake-limiter-harness.ts";
import { limiterConformance } from "./limiter.ts";
import {
  announcementOf,
  conversationNo,
  type LimiterHarness,
  longMs,
  originOf,
  releaseOf,
} from "./limiter-harness.ts";

async function openRealLimiter(): Promise<LimiterHarness> {
  const { redis, prefix, close } = await openTestRedis("{o0}");
  return {
    limiter: createLimiter(redis, prefix, longMs),
    warm: async () => {
      await redis.raw.set(`${prefix}warm`, redis.runId() ?? "");
    },
    hasten: async (conversation) => {
      await redis.raw.zadd(`${prefix}due`, "XX", 0, `l:${conversation}`);
    },
    lose: async (key) => {
      for (const found of await redis.raw.keys(`${prefix}${key}*`)) await redis.raw.del(found);
    },
    close,
  };
}

limiterConformance("in memory", openFakeLimiter);
limiterConformance("on Redis", openRealLimiter);

const sequences = 25;
const commands = 60;
const origins = [
  originOf(1, 6),
  originOf(2, 50, { inFlightMax: 2 }),
  originOf(3, 50, { tenant: tenantId(2) }),
] as const;

test("the limiter in memory answers any sequence of calls as Redis does", async () => {
  for (let seed = 1; seed <= sequences; seed += 1) {
    const [fake, real] = [await openFakeLimiter(), await openRealLimiter()];
    expect(await play(fake, seed)).toEqual(await play(real, seed));
    await real.close();
  }
});

/** Plays a seeded sequence of calls and returns all their answers, without the times in them. */
async function play(harness: LimiterHarness, seed: number): Promise<readonly unknown[]> {
  const random = createRandom(seed);
  const held: Grant[] = [];
  const answers: unknown[] = [];
  await harness.warm();
  await harness.limiter.setLimits(origins);
  for (let count = 1; count <= commands; count += 1)
    answers.push(await playOne(harness, { random, held, count }));
  return answers;
}

type Played = { readonly random: Random; readonly held: Grant[]; readonly count: number };

async function playOne(harness: LimiterHarness, played: Played): Promise<unknown> {
  const { limiter } = harness;
  const { random, held, count } = played;
  const number = random.int(6);
  const announced = announcementOf(origins[number % origins.length] ?? origins[0], number);
  switch (random.int(9)) {
    case 0:
      return limiter.announce([announced]);
    case 1:
      return limiter.announce([{ ...announced, waitMs: longMs }]);
    case 2:
      return limiter.recover([{ ...announced, count: 2 }]);
    case 3:
    case 4: {
      const calling = new Map(origins.map(({ id }) => [id, random.int(3)]));
      const dispatched = await limiter.dispatch(`t${count}.`, 1 + random.int(4), calling);
      if (dispatched.type === "granted") held.push(...dispatched.grants);
      return timeless(dispatched);
    }
    case 5:
      await harness.hasten(conversationNo(number));
      return null;
    case 6:
      return renewAny(harness, played);
    default:
      return releaseAny(harness, played);
  }
}

function timeless(dispatched: Dispatched): unknown {
  if (dispatched.type === "cold") return dispatched;
  return dispatched.grants.map(({ at, ...grant }) => ({ ...grant, granted: at > 0 }));
}

async function renewAny({ limiter }: LimiterHarness, { random, held }: Played): Promise<unknown> {
  const place = random.int(Math.max(1, held.length));
  const grant = held[place];
  if (grant === undefined) return null;
  const renewed = await limiter.renew(grant);
  if (renewed !== null) held[place] = renewed;
  return renewed !== null;
}

async function releaseAny({ limiter }: LimiterHarness, { random, held }: Played): Promise<unknown> {
  // A grant may be released twice, or by a sender that has lost it.
  const grant = held[random.int(Math.max(1, held.length))];
  if (grant === undefined) return null;
  const next = random.pick<Parameters<typeof releaseOf>[1]>([
    { next: "done" },
    { next: "empty" },
    { next: "again", used: false },
    { next: { waitMs: longMs } },
  ]);
  await limiter.release([releaseOf(grant, next)]);
  return null;
}
