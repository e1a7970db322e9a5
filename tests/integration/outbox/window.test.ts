import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { ConversationId } from "../../../src/core/ids.ts";
import { graceMs } from "../../../src/outbox/grant-life.ts";
import type { Announcement, Grant, Limiter, SendRelease } from "../../../src/outbox/limiter.ts";
import type { Origin } from "../../../src/tenants/origins.ts";
import { type OutboxBench, openOutboxBench } from "../../support/outbox.ts";

/**
 * Random workloads through a real Redis: several processes ask at once, conversations are announced, fail, wait and come back,
 * grants are used, renewed or given back. Whatever happens, the grants that were used obey the window.
 */
let bench: OutboxBench;
let tokens = 0;

beforeAll(async () => {
  bench = await openOutboxBench();
});
afterAll(() => bench.close());

type Workload = {
  readonly rates: readonly { readonly count: number; readonly windowMs: number }[];
  readonly clients: number;
  readonly conversations: number;
  /** One number per grant, used in turn: what its sender does. */
  readonly fates: readonly number[];
};

const workload: fc.Arbitrary<Workload> = fc.record({
  rates: fc.array(
    fc.record({
      count: fc.integer({ min: 1, max: 12 }),
      windowMs: fc.integer({ min: 40, max: 250 }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  clients: fc.integer({ min: 2, max: 4 }),
  conversations: fc.integer({ min: 1, max: 30 }),
  fates: fc.array(fc.integer({ min: 0, max: 99 }), { minLength: 20, maxLength: 60 }),
});

type Use = { readonly conversation: ConversationId; readonly origin: number; readonly at: number };

const runMs = 900;

async function play(
  given: Workload,
): Promise<{ origins: readonly Origin[]; uses: readonly Use[] }> {
  await bench.loseRedis();
  await bench.warm();
  const origins: Origin[] = [];
  for (const rate of given.rates) origins.push(await bench.addOrigin({ rate, inFlightMax: 8 }));
  const limiters = await Promise.all(
    Array.from({ length: given.clients }, () => bench.newLimiter()),
  );
  const announcements = origins.flatMap((origin) => announcementsOf(origin, given.conversations));
  await bench.limiter.announce(announcements);
  const uses: Use[] = [];
  const until = performance.now() + runMs;
  let turn = 0;
  const nextFate = () => given.fates[turn++ % given.fates.length] ?? 0;
  const work = async (limiter: Limiter): Promise<void> => {
    while (performance.now() < until) {
      tokens += 1;
      const dispatched = await limiter.dispatch(`w${tokens}.`, 16);
      if (dispatched.type === "cold") throw new Error("the limiter is cold");
      const { grants } = dispatched;
      if (grants.length === 0) continue;
      await limiter.release(
        await Promise.all(grants.map((grant) => endOf(limiter, grant, { fate: nextFate(), uses }))),
      );
    }
  };
  await Promise.all(limiters.map(work));
  return { origins, uses };
}

async function endOf(
  limiter: Limiter,
  grant: Grant,
  { fate, uses }: { readonly fate: number; readonly uses: Use[] },
): Promise<SendRelease> {
  if (fate < 10) return { grant, next: "again", used: false };
  const live = fate < 20 ? await limiter.renew(grant) : grant;
  if (live === null) return { grant, next: "again", used: false };
  uses.push({ conversation: live.conversation, origin: live.origin, at: live.at });
  const next = fate < 30 ? ({ waitMs: fate } as const) : "again";
  return { grant: live, next, used: true };
}

function announcementsOf(origin: Origin, count: number): readonly Announcement[] {
  return Array.from({ length: count }, (_, n) => ({
    tenant: origin.tenant,
    origin: origin.id,
    conversation: conversationAt(origin, n),
    count: 1,
    waitMs: 0,
    scopes: [],
  }));
}

function conversationAt(origin: Origin, n: number): ConversationId {
  const id = (origin.id * 100_000 + n).toString(16).padStart(12, "0");
  return `00000000-0000-0000-0000-${id}` as ConversationId;
}

/** The closest that any N+1 uses of an origin came to each other, ms. */
function tightest(origin: Origin, uses: readonly Use[]): number {
  const times = uses.flatMap((use) => (use.origin === origin.id ? [use.at] : [])).sort(ascending);
  const { count } = origin.rate;
  const gaps = times.slice(count).map((at, index) => at - (times[index] ?? at));
  return Math.min(Number.POSITIVE_INFINITY, ...gaps);
}

const ascending = (a: number, b: number): number => a - b;

describe("the sliding window over all processes", () => {
  test("never more than N grants are used in any window, whatever becomes of them", async () => {
    let used = 0;
    await fc.assert(
      fc.asyncProperty(workload, async (given) => {
        const { origins, uses } = await play(given);
        used += uses.length;
        for (const origin of origins) {
          const span = origin.rate.windowMs + graceMs(origin.rate.windowMs);
          expect(tightest(origin, uses)).toBeGreaterThan(span);
        }
      }),
      { numRuns: 9 },
    );
    expect(used).toBeGreaterThan(200);
  }, 60_000);

  test("under a backlog at least 95 % of the limit is used", async () => {
    await bench.loseRedis();
    await bench.warm();
    const rate = { count: 40, windowMs: 3_000 };
    const origin = await bench.addOrigin({ rate });
    await bench.limiter.announce(announcementsOf(origin, 60));
    const windows = 2.5;
    const uses: number[] = [];
    const limiters = [await bench.newLimiter(), await bench.newLimiter()];
    const until = performance.now() + windows * rate.windowMs;
    const work = async (limiter: Limiter): Promise<void> => {
      while (performance.now() < until) {
        tokens += 1;
        const dispatched = await limiter.dispatch(`b${tokens}.`, 16);
        if (dispatched.type === "cold") throw new Error("the limiter is cold");
        uses.push(...dispatched.grants.map((grant) => grant.at));
        await limiter.release(
          dispatched.grants.map((grant) => ({ grant, next: "again", used: true })),
        );
      }
    };
    await Promise.all(limiters.map(work));
    // From the first burst to the last: what was granted after the first, against what the time between allows.
    const spanMs = Math.max(...uses) - Math.min(...uses);
    const share = (uses.length - rate.count) / ((spanMs / rate.windowMs) * rate.count);
    expect(share).toBeGreaterThanOrEqual(0.95);
    expect(share).toBeLessThanOrEqual(1);
  }, 30_000);
});
