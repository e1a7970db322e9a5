import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eventually } from "../../support/eventually.ts";
import { type OutageStage, openOutageStage } from "../../support/outage-stage.ts";
import { becomesReady, healthOf, statusOf } from "../../support/process.ts";
import { inboxHook, signatureOf } from "../../support/signed-webhook.ts";

const testMs = 90_000;
const clients = 8;
/** How many messages the clients have written when the store is taken away: they are in the middle of their orders. */
const midway = clients * 3;
/** How long a store is away at least, ms. */
const outageMs = 3_000;
/** A store that is back is used again within this, ms. */
const resumeMs = 2_500;
/** A webhook that cannot be stored is refused within this, ms. */
const refusalMs = 1_000;
/** Somebody who takes no part in the orders. */
const strangerClient = 1;

let stage: OutageStage;

beforeAll(async () => {
  stage = await openOutageStage();
  await becomesReady(stage.hookdesk);
}, testMs);

afterAll(async () => stage.close());

function healthBecomes(status: string, deadlineMs = 15_000) {
  const look = async () => {
    const health = await healthOf(stage.hookdesk);
    return health?.status === status ? health : null;
  };
  return eventually(`/health says ${status}`, look, deadlineMs);
}

/** Clients order while `disturb` runs in the middle of it. */
async function orderThrough(disturb: () => Promise<void>) {
  const begun = Promise.withResolvers<void>();
  const ordering = stage.order(clients, (messages) => {
    if (messages >= midway) begun.resolve();
  });
  await begun.promise;
  await disturb();
  return ordering;
}

async function passTime(ms: number): Promise<void> {
  const until = performance.now() + ms;
  await eventually("the outage is over", () => performance.now() > until);
}

/** One more webhook, posted while PostgreSQL is away: the clients may all be waiting for their replies just then. */
async function refusedAtOnce(messageId: number): Promise<void> {
  const body = inboxHook(messageId, strangerClient);
  const asked = performance.now();
  const response = await fetch(`${stage.hookdesk.url}/webhook/chat2desk`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...signatureOf(Buffer.from(body)) },
    body,
  });
  expect(response.status).toBe(503);
  expect(response.headers.get("Retry-After")).not.toBeNull();
  expect(performance.now() - asked).toBeLessThan(refusalMs);
}

/** What the webhooks posted since then were answered. */
function answersSince(begunMs: number): readonly (number | null)[] {
  const posted = stage.platform.log.since(0);
  return posted.flatMap((entry) =>
    entry.kind === "webhook" && entry.startedMs >= begunMs ? [entry.status] : [],
  );
}

describe("a store that is lost while clients order", () => {
  test(
    "Redis stops and returns: webhooks are acknowledged all the time and every order is completed",
    async () => {
      const begun = performance.now();
      const findings = await orderThrough(async () => {
        await stage.redis.stop();
        const degraded = await healthBecomes("degraded");
        expect(degraded.checks["redis"]?.message).toContain("Redis cannot be used");
        expect(await statusOf(`${stage.hookdesk.url}/health`)).toBe(200);
        await passTime(outageMs);
        await stage.redis.start();
        await healthBecomes("ok", resumeMs);
      });
      expect(findings.problems).toEqual([]);
      expect(findings.faultless).toBe(true);
      expect(answersSince(begun).filter((status) => status !== 200)).toEqual([]);
      expect(stage.hookdesk.running()).toBe(true);
    },
    testMs,
  );

  test(
    "Redis is emptied: every dialog goes on where it was",
    async () => {
      const findings = await orderThrough(async () => {
        for (let times = 0; times < 3; times += 1) {
          await stage.redis.empty();
          await passTime(500);
        }
      });
      expect(findings.problems).toEqual([]);
      expect(findings.faultless).toBe(true);
    },
    testMs,
  );

  test(
    "Redis answers nothing for a while, its connections open: work goes on when it answers again",
    async () => {
      const findings = await orderThrough(async () => {
        await stage.redis.wire.hang();
        await healthBecomes("degraded");
        await passTime(outageMs);
        await stage.redis.wire.pass();
      });
      expect(findings.problems).toEqual([]);
      expect(findings.faultless).toBe(true);
    },
    testMs,
  );

  test(
    "every connection to Redis dies without a word: new ones are made",
    async () => {
      const findings = await orderThrough(async () => stage.redis.wire.stall());
      expect(findings.problems).toEqual([]);
      expect(findings.faultless).toBe(true);
    },
    testMs,
  );

  test(
    "PostgreSQL stops and returns: webhooks are refused with 503, delivered again, and every order is completed",
    async () => {
      const begun = performance.now();
      const findings = await orderThrough(async () => {
        await stage.postgres.stop();
        const down = await healthBecomes("down");
        expect(down.checks["postgres"]?.message).toContain("PostgreSQL does not answer");
        await refusedAtOnce(1);
        await passTime(outageMs);
        await stage.postgres.start();
        await healthBecomes("ok", resumeMs);
      });
      expect(findings.problems).toEqual([]);
      expect(findings.faultless).toBe(true);
      expect(answersSince(begun).filter((status) => status !== 200 && status !== 503)).toEqual([]);
      expect(stage.hookdesk.running()).toBe(true);
    },
    testMs,
  );

  test(
    "PostgreSQL answers nothing for a while, its connections open: webhooks get their 503 within a second",
    async () => {
      const begun = performance.now();
      const findings = await orderThrough(async () => {
        await stage.postgres.wire.hang();
        await healthBecomes("down");
        const asked = performance.now();
        expect(await statusOf(`${stage.hookdesk.url}/health/live`)).toBe(200);
        expect(performance.now() - asked).toBeLessThan(500);
        await refusedAtOnce(2);
        await passTime(outageMs);
        await stage.postgres.wire.pass();
        await healthBecomes("ok");
      });
      expect(findings.problems).toEqual([]);
      expect(findings.faultless).toBe(true);
      expect(answersSince(begun).filter((status) => status !== 200 && status !== 503)).toEqual([]);
    },
    testMs,
  );

  test("nothing of all this was a failure that nobody awaited", () => {
    expect(stage.hookdesk.output()).not.toContain("nobody awaited");
    expect(stage.hookdesk.running()).toBe(true);
  });
});
