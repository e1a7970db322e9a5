import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { SimulationDriver } from "../../src/fake-platform/simulation/driver.ts";
import {
  samePeopleOn,
  simulateClients,
} from "../../src/fake-platform/simulation/simulate-clients.ts";
import type { SimulationFindings } from "../../src/fake-platform/simulation/simulation-findings.ts";
import { createTestDatabase, type TestDatabase } from "./database.ts";
import { eventually } from "./eventually.ts";
import { environmentFor, freePort } from "./hookdesk.ts";
import { becomesRunning, type HookdeskProcess, startProcess } from "./process.ts";
import { addTenant, sealedPlainly } from "./tenants.ts";

/** A fake platform with one account, disturbed as badly as it can be, on which 200 clients order. */
export type OrderStage = {
  readonly account: string;
  readonly driver: SimulationDriver;
  readonly apiUrl: string;
  readonly credentials: Readonly<Record<string, string>>;
  readonly rate: { readonly count: number; readonly windowMs: number };
  /** Duplicates, late and reordered deliveries, refusals. */
  readonly disturb: () => Promise<void>;
  readonly idle: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

const clients = 200;
const roles = ["web", "worker", "worker", "outbox", "outbox"] as const;

/** 200 clients of one channel order at once through five processes, which stand back for the platform that judges them: each gets its replies, in order and once. */
export function ordersOn(channel: string, open: (webhookUrl: string) => Promise<OrderStage>): void {
  describe(`200 clients on ${channel}, with duplicates, reordering and throttling`, () => {
    let database: TestDatabase;
    let stage: OrderStage;
    let processes: readonly HookdeskProcess[];
    let findings: SimulationFindings;

    beforeAll(async () => {
      database = await createTestDatabase();
      const port = freePort();
      stage = await open(`http://127.0.0.1:${port}/webhook/${channel}/shop`);
      await addStage(database, channel, stage);
      const prefix = `t${crypto.randomUUID().slice(0, 8)}`;
      const environment = environmentFor(database, prefix, {
        PORT: String(port),
        LOG_LEVEL: "info",
      });
      processes = roles.map((role) => startProcess(environment, role, { standsBack: true }));
      await Promise.all(processes.map(becomesRunning));
      await stage.disturb();
      findings = await simulateClients({
        driver: stage.driver,
        people: samePeopleOn([stage.account], clients),
        replyTimeoutMs: 60_000,
        deadlineMs: 100_000,
      });
      await stage.idle();
    }, 130_000);
    afterAll(async () => {
      await stage.stop();
      await Promise.all(processes.map((one) => one.end()));
      await database.drop();
    });

    test("make 200 orders, with one reply for each message and every reply at its step", () => {
      expect(findings.problems).toEqual([]);
      expect(findings).toMatchObject({ clients, orders: clients, duplicates: 0, missing: 0 });
      expect(findings).toMatchObject({ orderViolations: 0, unacknowledged: 0, strays: 0 });
      expect(findings.replies).toBe(findings.messages);
    });

    test("leave one order and one conversation each, and one delivery for every message", async () => {
      expect(await database.count("SELECT count(DISTINCT conv) FROM orders")).toBe(clients);
      expect(await database.count("SELECT count(*) FROM orders")).toBe(clients);
      expect(await database.count("SELECT count(*) FROM message_logs")).toBe(findings.messages);
      const sent = "SELECT count(*) FROM deliveries WHERE status IN ('sent', 'delivered', 'read')";
      expect(await database.count(sent)).toBe(findings.messages);
    });

    test("never see more than the limit in any window, by the platform's clock", () => {
      expect(findings.rateViolations).toBe(0);
      for (const account of findings.accounts)
        expect(account.maxInWindow).toBeLessThanOrEqual(stage.rate.count);
    });

    test("leave no work open, and nothing that came is ignored", async () => {
      await eventually(
        "nothing is pending",
        async () => (await database.count("SELECT count(*) FROM pending")) === 0,
      );
      expect(await database.count("SELECT count(*) FROM outbox")).toBe(0);
      expect(await database.count("SELECT count(*) FROM parked")).toBe(0);
      expect(await database.count("SELECT sum(copies) FROM origin_duplicates")).toBeGreaterThan(50);
      expect(await database.count("SELECT count(*) FROM journal WHERE ignored IS NOT NULL")).toBe(
        0,
      );
    });
  });
}

async function addStage(
  database: TestDatabase,
  channel: string,
  { apiUrl, credentials, rate }: OrderStage,
): Promise<void> {
  const tenant = await addTenant(database, "shop");
  await database.rows(
    `INSERT INTO origins (tenant_id, channel, origin_key, api_url, credentials, rate_count, rate_window_ms)
     VALUES ($1, $2, 'shop', $3, $4, $5, $6)`,
    [tenant, channel, apiUrl, sealedPlainly(credentials), rate.count, rate.windowMs],
  );
}
