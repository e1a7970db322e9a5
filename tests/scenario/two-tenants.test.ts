import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  type FakeChat2Desk,
  startFakeChat2Desk,
} from "../../src/channels/chat2desk/fake/platform.ts";
import {
  samePeopleOn,
  simulateClients,
} from "../../src/fake-platform/simulation/simulate-clients.ts";
import { driveInProcess } from "../support/drive-chat2desk.ts";
import type { SimulationFindings } from "../../src/fake-platform/simulation/simulation-findings.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { environmentFor, freePort } from "../support/hookdesk.ts";
import { becomesRunning, type HookdeskProcess, startProcess } from "../support/process.ts";
import { addOrigin, addTenant, type TestOrigin } from "../support/tenants.ts";

/**
 * 200 clients at once on two tenants with two origins each: the same client ids and the same message ids everywhere, webhooks
 * duplicated and shuffled, 300 sends in 6 s per origin. One process of `web`, two of `worker`, two of `outbox`: real ones that
 * stand back, so that nothing holds up the platform, whose clock judges the window.
 */
const clientsPerOrigin = 50;
const rate = { count: 300, windowMs: 6_000 };
const roles = ["web", "worker", "worker", "outbox", "outbox"];
const names = ["north-1", "north-2", "south-1", "south-2"] as const;

let database: TestDatabase;
let platform: FakeChat2Desk;
let origins: readonly TestOrigin[];
let processes: readonly HookdeskProcess[];
let findings: SimulationFindings;

beforeAll(async () => {
  database = await createTestDatabase();
  const port = freePort();
  platform = await startFakeChat2Desk({
    timeScale: 100,
    accounts: names.map((name) => ({
      name,
      token: `token-${name}`,
      webhookUrl: `http://127.0.0.1:${port}/webhook/chat2desk/${name}`,
      rateLimit: rate,
    })),
  });
  const tenants = {
    north: await addTenant(database, "north"),
    south: await addTenant(database, "south"),
  };
  origins = await Promise.all(
    names.map((name) =>
      addOrigin(database, {
        tenant: name.startsWith("north") ? tenants.north : tenants.south,
        key: name,
        token: `token-${name}`,
        apiUrl: platform.url,
        rate,
      }),
    ),
  );
  const environment = environmentFor(database, `t${crypto.randomUUID().slice(0, 8)}`, {
    PORT: String(port),
    LOG_LEVEL: "info",
  });
  processes = roles.map((role) => startProcess(environment, role, { standsBack: true }));
  await Promise.all(processes.map(becomesRunning));
  await platform.control({ do: "echo", when: "during" });
  await platform.control({
    do: "webhooks",
    disturbance: { mode: "duplicate", copies: 3, spreadMs: 40 },
    probability: 0.3,
    seed: 11,
  });
  await platform.control({
    do: "webhooks",
    disturbance: { mode: "delay", maxMs: 30 },
    probability: 0.5,
    seed: 12,
  });
  findings = await simulateClients({
    driver: driveInProcess(platform),
    people: samePeopleOn(names, clientsPerOrigin),
    replyTimeoutMs: 30_000,
    deadlineMs: 90_000,
  });
  await platform.idle();
}, 120_000);

afterAll(async () => {
  await platform.stop();
  await Promise.all(processes.map((one) => one.end()));
  await database.drop();
});

describe("200 clients on two tenants with two origins each", () => {
  test("make 200 orders, with one reply for each message and every reply at its step", () => {
    expect(findings.problems).toEqual([]);
    expect(findings).toMatchObject({
      clients: 200,
      orders: 200,
      duplicates: 0,
      missing: 0,
      orderViolations: 0,
      strays: 0,
    });
    expect(findings.replies).toBe(findings.messages);
  });

  test("leave one order row per client and origin, and one delivery per message", async () => {
    const orders = await database.rows<{ tenant_id: number; clients: string; orders: string }>(
      "SELECT tenant_id, count(DISTINCT (conv)) AS clients, count(*) AS orders FROM orders GROUP BY tenant_id ORDER BY tenant_id",
    );
    expect(orders.map((row) => [Number(row.clients), Number(row.orders)])).toEqual([
      [100, 100],
      [100, 100],
    ]);
    const messages = await database.count("SELECT count(*) FROM message_logs");
    expect(messages).toBe(findings.messages);
    expect(await database.count("SELECT count(*) FROM deliveries WHERE status = 'sent'")).toBe(
      messages,
    );
  });

  test("never see more than the limit in any window, by the platform's clock", () => {
    expect(findings.rateViolations).toBe(0);
    for (const account of platform.stats()) {
      expect(account.maxInWindow).toBeLessThanOrEqual(rate.count);
      expect(account.refusedOverLimit).toBe(0);
    }
  });

  test("have nothing of their own on another tenant or origin", async () => {
    for (const { tenant, origin, key } of origins) {
      const foreign = await database.count(
        "SELECT count(*) FROM orders o JOIN conversations c USING (conv) WHERE c.origin_id = $1 AND (o.tenant_id <> $2 OR c.tenant_id <> $2)",
        [origin, tenant],
      );
      expect(foreign).toBe(0);
      // Every client writes the name of its origin into the address it gives.
      const told = await database.count(
        "SELECT count(*) FROM orders o JOIN conversations c USING (tenant_id, conv) WHERE c.origin_id = $1 AND position($2 IN o.delivery_address) > 0",
        [origin, key],
      );
      expect(told).toBe(clientsPerOrigin);
    }
  });

  test("leave no work open, and every event is applied, a duplicate, or ignored", async () => {
    await eventually(
      "nothing is pending",
      async () => (await database.count("SELECT count(*) FROM pending")) === 0,
    );
    expect(await database.count("SELECT count(*) FROM outbox")).toBe(0);
    expect(await database.count("SELECT count(*) FROM parked")).toBe(0);
    expect(await database.count("SELECT sum(copies) FROM origin_duplicates")).toBeGreaterThan(100);
    expect(await database.count("SELECT count(*) FROM journal WHERE ignored IS NOT NULL")).toBe(0);
  });

  test("end in good order when they are told to", async () => {
    for (const one of processes) one.signal("SIGTERM");
    const codes = await Promise.all(processes.map(({ exited }) => exited));
    expect(codes).toEqual(roles.map(() => 0));
  });
});
