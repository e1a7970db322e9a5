import { afterEach, describe, expect, test } from "bun:test";
import { eventually } from "../../support/eventually.ts";
import { type OutageStage, openOutageStage } from "../../support/outage-stage.ts";
import { becomesReady, type HookdeskProcess, healthOf, statusOf } from "../../support/process.ts";

const testMs = 90_000;
/** Work goes on within this time after a store has come, ms. */
const resumeMs = 5_000;
let stage: OutageStage | null = null;

afterEach(async () => {
  await stage?.close();
  stage = null;
});

async function open(missing: Parameters<typeof openOutageStage>[0]): Promise<OutageStage> {
  stage = await openOutageStage(missing);
  return stage;
}

function healthBecomes(hookdesk: HookdeskProcess, status: string) {
  return eventually(`/health says ${status}`, async () => {
    const health = await healthOf(hookdesk);
    return health?.status === status ? health : null;
  });
}

describe("a store that is missing when Hookdesk starts", () => {
  test(
    "without PostgreSQL a process listens, says what is missing, and works as soon as it comes",
    async () => {
      const { hookdesk, postgres, order } = await open({ postgres: true });
      const down = await healthBecomes(hookdesk, "down");
      expect(down.checks["postgres"]?.message).toContain("PostgreSQL could not be prepared");
      expect(await statusOf(`${hookdesk.url}/health`)).toBe(503);
      expect(await statusOf(`${hookdesk.url}/health/ready`)).toBe(503);
      expect(await statusOf(`${hookdesk.url}/health/live`)).toBe(200);
      const refused = await fetch(`${hookdesk.url}/webhook/chat2desk`, { method: "POST" });
      expect(refused.status).toBe(503);
      expect(refused.headers.get("retry-after")).toBe("1");
      await postgres.start();
      await becomesReady(hookdesk);
      expect((await order(2)).faultless).toBe(true);
      expect(hookdesk.running()).toBe(true);
    },
    testMs,
  );

  test(
    "without Redis webhooks are stored, and what they ask is done as soon as it comes",
    async () => {
      const { hookdesk, redis, order, platform, postgres } = await open({ redis: true });
      await becomesReady(hookdesk);
      const degraded = await healthBecomes(hookdesk, "degraded");
      expect(degraded.checks["redis"]?.message).toContain("Redis cannot be used");
      expect(await statusOf(`${hookdesk.url}/health`)).toBe(200);
      const early = await platform.say({ clientId: 7, text: "Hi" });
      expect(early.acknowledged).toBe(true);
      expect(await postgres.rows("SELECT FROM pending")).toHaveLength(1);
      await redis.start();
      await platform.waitFor((entry) => entry.kind === "send", resumeMs);
      expect((await order(2)).faultless).toBe(true);
      await healthBecomes(hookdesk, "ok");
      expect(hookdesk.running()).toBe(true);
    },
    testMs,
  );

  test(
    "without either of them the order in which they come does not matter",
    async () => {
      const { hookdesk, redis, postgres, order } = await open({ redis: true, postgres: true });
      await healthBecomes(hookdesk, "down");
      await redis.start();
      await healthBecomes(hookdesk, "down");
      await postgres.start();
      await becomesReady(hookdesk);
      expect((await order(2)).faultless).toBe(true);
      await healthBecomes(hookdesk, "ok");
    },
    testMs,
  );
});
