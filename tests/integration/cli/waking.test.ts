import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createRedis, type RedisClient } from "../../../src/platform/redis/redis.ts";
import { createLogger } from "../../../src/platform/telemetry/logger.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { eventually } from "../../support/eventually.ts";
import { environmentFor, freePort } from "../../support/hookdesk.ts";
import { testRedisUrl } from "../../support/services.ts";
import { addOrigin, addTenant } from "../../support/tenants.ts";
import { forgetKeys } from "../../support/workbench.ts";
import { parkMessageOf, run } from "./operator.ts";

/** No process of Hookdesk runs here: what the command leaves in Redis stays there to be looked at. */
let database: TestDatabase;
let redis: RedisClient;
const prefix = `t${crypto.randomUUID().slice(0, 8)}`;

beforeAll(async () => {
  database = await createTestDatabase();
  const tenant = await addTenant(database, "first");
  await addOrigin(database, { tenant, key: "one", token: "t", apiUrl: "http://127.0.0.1:9" });
  redis = createRedis(testRedisUrl, "test", createLogger("silent", "test"));
  await eventually("redis is ready", () => redis.ready());
});

afterAll(async () => {
  await forgetKeys(redis, prefix);
  redis.close();
  await database.drop();
});

describe("a replay", () => {
  test("makes the lane of an event ready and posts a wake-up for the workers", async () => {
    await parkMessageOf({ database }, { clientId: 1, messageId: 1, text: "hello" });
    expect(await run(environmentFor(database, prefix), "parked replay --all")).toEqual({
      code: 0,
      out: "Replayed 1 event and 0 deliveries.\n",
      note: "",
    });
    const [row] = await database.rows<{ conv: string }>("SELECT conv FROM pending");
    expect(await redis.raw.hget(`${prefix}:{s0}:lane:${row?.conv}`, "st")).toBe("R");
    expect(await redis.raw.llen(`${prefix}:{s0}:bull:messages:wait`)).toBe(1);
  });

  test("announces a delivery and posts a wake-up for the senders", async () => {
    await database.rows(
      `INSERT INTO parked_deliveries (tenant_id, conv, seq, origin_id, author, owner_epoch, attempt, failures, body, created_at, reason)
       SELECT tenant_id, conv, 5001, origin_id, 'bot', 0, 1, 1, '{}', now(), 'deadline' FROM conversations`,
    );
    const ran = await run(environmentFor(database, prefix), "parked replay --all --deliveries");
    expect(ran).toMatchObject({ code: 0, out: "Replayed 0 events and 1 delivery.\n", note: "" });
    const [row] = await database.rows<{ conv: string }>("SELECT conv FROM outbox");
    expect(await redis.raw.hget(`${prefix}:{o0}:lane:${row?.conv}`, "st")).toBe("R");
    expect(await redis.raw.llen(`${prefix}:{o0}:bull:outbox:wait`)).toBe(1);
  });

  test("is done without Redis as well, which is said", async () => {
    await parkMessageOf({ database }, { clientId: 2, messageId: 2, text: "hello" });
    const away = { REDIS_URL: `redis://127.0.0.1:${freePort()}` };
    const ran = await run(environmentFor(database, prefix, away), "parked replay --all");
    expect(ran).toMatchObject({ code: 0, out: "Replayed 1 event and 0 deliveries.\n" });
    expect(ran.note).toContain("Redis did not answer");
    expect(await database.count("SELECT count(*) FROM parked")).toBe(0);
  });
});
