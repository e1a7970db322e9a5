import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type FakeTelegram, startFakeTelegram } from "../../src/channels/telegram/fake/platform.ts";
import {
  samePeopleOn,
  simulateClients,
} from "../../src/fake-platform/simulation/simulate-clients.ts";
import type { SimulationFindings } from "../../src/fake-platform/simulation/simulation-findings.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { driveTelegram } from "../support/drive-telegram.ts";
import { eventually } from "../support/eventually.ts";
import { environmentFor, freePort } from "../support/hookdesk.ts";
import { becomesRunning, type HookdeskProcess, startProcess } from "../support/process.ts";
import { addOrigin, addTenant } from "../support/tenants.ts";

/**
 * 200 clients order at once from four bots, with updates duplicated, delayed and told again, sends throttled, and Telegram's own limits
 * of the bot and of each chat. One process of `web`, two of `worker`, two of `outbox`: real ones that stand back, but for `web`, so that
 * little holds up the platform, whose clock judges the windows.
 */
const bots = ["bot-1", "bot-2", "bot-3", "bot-4"] as const;
const clientsPerBot = 50;
const secret = "a-secret";
const roles = ["web", "worker", "worker", "outbox", "outbox"];
/** Telegram's windows of a second, ms, less what a call's way may vary on a machine on which all of this runs at once. */
const judgedMs = 850;
/** An update is acknowledged within this, ms, at the 99th percentile: Telegram holds back its chat's next one until then. */
const ackMsMax = 250;

let database: TestDatabase;
let platform: FakeTelegram;
let processes: readonly HookdeskProcess[];
let findings: SimulationFindings;

const tokenOf = (bot: string) => `${bot.slice(-1)}00042:token-${bot}`;

beforeAll(async () => {
  database = await createTestDatabase();
  const port = freePort();
  platform = await startFakeTelegram({
    timeScale: 100,
    bots: bots.map((name) => ({
      name,
      token: tokenOf(name),
      limits: { bot: { count: 30, windowMs: judgedMs }, chat: { count: 1, windowMs: judgedMs } },
    })),
  });
  const tenant = await addTenant(database, "shops");
  for (const bot of bots) {
    await addOrigin(database, {
      tenant,
      key: bot,
      channel: "telegram",
      token: "",
      credentials: { token: tokenOf(bot), "webhook-secret": secret },
      apiUrl: platform.url,
      rate: { count: 30, windowMs: 1_000 },
    });
    const url = `http://127.0.0.1:${port}/webhook/telegram/${bot}`;
    await platform.control({ do: "webhook", bot, url, secret });
  }
  const environment = environmentFor(database, `t${crypto.randomUUID().slice(0, 8)}`, {
    PORT: String(port),
    LOG_LEVEL: "info",
  });
  processes = roles.map((role) => startProcess(environment, role, { standsBack: role !== "web" }));
  await Promise.all(processes.map(becomesRunning));
  const disturb = (disturbance: object, probability: number, seed: number) =>
    platform.control({ do: "webhooks", disturbance, probability, seed });
  await disturb({ mode: "duplicate", copies: 3, spreadMs: 40 }, 0.3, 11);
  await disturb({ mode: "delay", maxMs: 30 }, 0.5, 12);
  const fault = { mode: "throttle", retryAfterS: 1 };
  await platform.control({ do: "sends", fault, probability: 0.02, seed: 13 });
  findings = await simulateClients({
    driver: driveTelegram(platform),
    people: samePeopleOn(bots, clientsPerBot),
    replyTimeoutMs: 30_000,
    deadlineMs: 100_000,
  });
  await platform.idle();
}, 130_000);

afterAll(async () => {
  await platform.stop();
  await Promise.all(processes.map((one) => one.end()));
  await database.drop();
});

describe("200 clients on Telegram", () => {
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

  test("never meet a limit: neither the bot's nor a chat's window ever had one call too many", () => {
    for (const bot of platform.stats()) {
      expect(bot.maxInWindow).toBeLessThanOrEqual(30);
      expect([bot.refusedOverLimit, bot.narrowRefused, bot.narrowViolations]).toEqual([0, 0, 0]);
    }
  });

  test("were never held back: every update was acknowledged at its first post, in milliseconds", () => {
    const posts = platform.log.since(0).filter((entry) => entry.kind === "webhook");
    expect(posts.filter(({ status }) => status !== 200)).toEqual([]);
    const took = posts.map(({ atMs, startedMs }) => atMs - startedMs).toSorted((a, b) => a - b);
    expect(took[Math.ceil(took.length * 0.99) - 1]).toBeLessThan(ackMsMax);
  });

  test("leave no work open, and throttled deliveries were sent all the same", async () => {
    const open = "SELECT (SELECT count(*) FROM pending) + (SELECT count(*) FROM outbox)";
    await eventually("no open work", async () => (await database.count(open)) === 0);
    expect(await database.count("SELECT count(*) FROM orders")).toBe(200);
    const throttled = "SELECT count(*) FROM attempts WHERE outcome = 'throttled'";
    expect(await database.count(throttled)).toBeGreaterThan(10);
    expect(await database.count("SELECT sum(copies) FROM origin_duplicates")).toBeGreaterThan(100);
    const sent = "SELECT count(*) FROM deliveries WHERE status = 'sent' AND message_id IS NOT NULL";
    expect(await database.count(sent)).toBe(findings.messages);
  });
});
