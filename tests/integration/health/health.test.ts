import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eventually } from "../../support/eventually.ts";
import { openProcessStage, type ProcessStage } from "../../support/process-stage.ts";
import { becomesReady, type HookdeskProcess, healthOf, statusOf } from "../../support/process.ts";

let stage: ProcessStage;
let web: HookdeskProcess;

beforeAll(async () => {
  stage = await openProcessStage();
  web = stage.start("web");
  await becomesReady(web);
});
afterAll(async () => stage.close());

/** The first report in which a check says something. */
function reportWith(check: string, words: string, deadlineMs = 15_000) {
  const look = async () => {
    const health = await healthOf(web);
    return health?.checks[check]?.message.includes(words) === true ? health : null;
  };
  return eventually(`${check}: ${words}`, look, deadlineMs);
}

describe("/health", () => {
  test("without a worker and a sender it is degraded, says so, and is still 200", async () => {
    const health = await reportWith(
      "workers",
      "No live worker and no live outbox process; live are: 1 web.",
    );
    expect(health.status).toBe("degraded");
    expect(await statusOf(`${web.url}/health`)).toBe(200);
    expect(await statusOf(`${web.url}/health/live`)).toBe(200);
    expect(await statusOf(`${web.url}/health/ready`)).toBe(200);
  });

  test("the open work is counted where it is stored, with the age of its oldest", async () => {
    for (let clientId = 1; clientId <= 3; clientId += 1)
      await stage.platform.say({ clientId, text: "Hi" });
    const health = await reportWith("messages", "3 wait in messages, the oldest for");
    expect(health.checks["messages"]).toMatchObject({ size: 3, queue: "messages" });
    const older = await eventually("it gets older", async () => {
      const seen = await healthOf(web);
      const age = Number(seen?.checks["messages"]?.["oldestSeconds"]);
      return age >= 1 ? age : null;
    });
    expect(older).toBeLessThan(15);
    expect(health.checks["postgres"]?.message).toBe("PostgreSQL answers.");
    expect(health.checks["redis"]?.message).toBe("Redis answers.");
  });

  test("with a worker and a sender it is ok, and their end is seen within seconds", async () => {
    const worker = stage.start("worker");
    const outbox = stage.start("outbox");
    const health = await reportWith("messages", "Nothing waits");
    expect((await reportWith("workers", "1 worker")).checks["workers"]?.status).toBe("ok");
    expect(health.checks["parked"]?.message).toBe("0 events and 0 deliveries are parked.");
    await eventually("/health is ok", async () => (await healthOf(web))?.status === "ok");
    worker.signal("SIGKILL");
    const after = await reportWith("workers", "No live worker process", 8_000);
    expect(after.status).toBe("degraded");
    await outbox.end();
  });

  test("an origin on hold is named with its reason; waiting for a limit is no trouble", async () => {
    const hold = (reason: string) =>
      stage.database.rows(
        `INSERT INTO holds (tenant_id, origin_id, until, reason)
         SELECT tenant_id, origin_id, now() + interval '90 s', $1 FROM origins
         ON CONFLICT (tenant_id, origin_id, scope) DO UPDATE SET reason = excluded.reason`,
        [reason],
      );
    await hold("throttled");
    const throttled = await reportWith("origins", "chat2desk/default for");
    expect(throttled.checks["origins"]?.status).toBe("ok");
    await hold("unauthorized");
    const refused = await reportWith("origins", "(unauthorized)");
    expect(refused.checks["origins"]?.status).toBe("degraded");
    expect(refused.status).toBe("degraded");
    await stage.database.rows("DELETE FROM holds");
  });

  test("while Redis is away it is degraded and 200; while PostgreSQL is away down and 503", async () => {
    await stage.redisWire.refuse();
    const withoutRedis = await reportWith("redis", "Redis cannot be used");
    expect(withoutRedis.status).toBe("degraded");
    expect(withoutRedis.checks["workers"]?.message).toContain("not known");
    expect(await statusOf(`${web.url}/health`)).toBe(200);
    await stage.postgresWire.refuse();
    expect((await reportWith("postgres", "does not answer")).status).toBe("down");
    expect(await statusOf(`${web.url}/health`)).toBe(503);
    expect(await statusOf(`${web.url}/health/live`)).toBe(200);
    await stage.redisWire.pass();
    await stage.postgresWire.pass();
    await reportWith("postgres", "PostgreSQL answers.");
    await reportWith("redis", "Redis answers.");
  });

  test("a report takes a few seconds at most when both stores hang", async () => {
    await stage.redisWire.hang();
    await stage.postgresWire.hang();
    const begun = performance.now();
    const health = await reportWith("postgres", "does not answer");
    expect(performance.now() - begun).toBeLessThan(8_000);
    expect(health.checks["redis"]?.status).toBe("degraded");
    await stage.redisWire.pass();
    await stage.postgresWire.pass();
    await reportWith("redis", "Redis answers.");
  });
});
