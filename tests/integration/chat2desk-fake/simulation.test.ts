import { afterEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import {
  type FakeChat2Desk,
  startFakeChat2Desk,
} from "../../../src/channels/chat2desk/fake/platform.ts";
import {
  samePeopleOn,
  simulateClients,
} from "../../../src/fake-platform/simulation/simulate-clients.ts";
import { driveInProcess } from "../../support/drive-chat2desk.ts";
import type { SimulationFindings } from "../../../src/fake-platform/simulation/simulation-findings.ts";
import { type BotError, startToyBot } from "./toy-bot.ts";

const TOKENS = ["token-one", "token-two"];
const ROOT = join(import.meta.dir, "../../..");
const running: { stop: () => Promise<void> }[] = [];

afterEach(async () => {
  for (const one of running.splice(0).toReversed()) await one.stop();
});

async function start(error: BotError | null = null): Promise<FakeChat2Desk> {
  const bot = startToyBot(() => platform.url, error);
  const accounts = TOKENS.map((token) => ({
    token,
    webhookUrl: `${bot.url}/${token}`,
    rateLimit: { count: 10_000, windowMs: 1_000 },
  }));
  const platform = await startFakeChat2Desk({ accounts });
  running.push(bot, platform);
  return platform;
}

function simulate(platform: FakeChat2Desk, replyTimeoutMs = 5_000): Promise<SimulationFindings> {
  return simulateClients({
    driver: driveInProcess(platform),
    people: samePeopleOn(["account-1", "account-2"], 20),
    replyTimeoutMs,
    deadlineMs: 20_000,
    settleMs: 50,
  });
}

describe("simulated clients", () => {
  test("find nothing wrong with a bot that is right, whatever is duplicated and delayed", async () => {
    const platform = await start();
    const duplicate = { mode: "duplicate", copies: 3, spreadMs: 20 };
    await platform.control({ do: "webhooks", disturbance: duplicate, probability: 0.5, seed: 2 });
    await platform.control({ do: "webhooks", disturbance: { mode: "delay", maxMs: 10 } });
    const findings = await simulate(platform);
    expect(findings.problems).toEqual([]);
    expect(findings).toMatchObject({ faultless: true, clients: 40, orders: 40, strays: 0 });
    expect(findings.messages).toBeGreaterThan(200);
    expect(findings.replies).toBe(findings.messages);
    expect(findings.latencyMs.max).toBeGreaterThanOrEqual(findings.latencyMs.p50);
  });

  test("write the same with the same seed", async () => {
    const first = await simulate(await start());
    const second = await simulate(await start());
    expect(second.messages).toBe(first.messages);
  });

  test("count second replies", async () => {
    const findings = await simulate(await start("answers twice"));
    expect(findings.faultless).toBe(false);
    expect(findings.duplicates).toBe(findings.messages);
    expect(findings.orderViolations).toBe(0);
  });

  test("notice a bot that applies a redelivered message again", async () => {
    const platform = await start("forgets duplicates");
    await platform.control({
      do: "webhooks",
      disturbance: { mode: "duplicate", copies: 2 },
      next: 1,
    });
    const { faultless, duplicates, orderViolations } = await simulate(platform);
    expect(faultless).toBe(false);
    expect(duplicates + orderViolations).toBeGreaterThan(0);
  });

  test("notice a reply that belongs to another step", async () => {
    const findings = await simulate(await start("skips a step"), 1_000);
    expect(findings.orderViolations).toBeGreaterThanOrEqual(40);
    expect(findings.faultless).toBe(false);
  });

  test("miss a reply that never comes, and stop there", async () => {
    const findings = await simulate(await start("falls silent"), 200);
    expect(findings).toMatchObject({ missing: 40, orders: 0, finished: 0, faultless: false });
  });
});

describe("npm run simulate", () => {
  async function run(platform: FakeChat2Desk, ...options: readonly string[]) {
    const child = Bun.spawn(
      [process.execPath, "scripts/simulate.ts", "--platform", platform.url, ...options],
      { cwd: ROOT, stdout: "pipe", stderr: "pipe" },
    );
    const output = await new Response(child.stdout).text();
    return { output, code: await child.exited };
  }

  test("drives a platform in another process and ends with a table and 0", async () => {
    const { output, code } = await run(await start(), "--clients", "12");
    expect(output).toContain("12 of 12 clients through");
    expect(output).toMatch(/orders +12 of 12/);
    expect(output).toMatch(/duplicates +0/);
    expect(code).toBe(0);
  });

  test("ends with 1 when anything is wrong", async () => {
    const { output, code } = await run(await start("answers twice"), "--clients", "2");
    expect(output).toContain("a second reply to one message");
    expect(code).toBe(1);
  });

  test("ends by its deadline when nobody answers", async () => {
    const { output, code } = await run(
      await start("falls silent"),
      "--clients",
      "2",
      "--deadline",
      "1",
    );
    expect(output).toMatch(/missing replies +2/);
    expect(code).toBe(1);
  });
});

describe("scripts/platform.ts", () => {
  test("starts from the environment, says its port in one line and stops on SIGTERM", async () => {
    const bot = startToyBot(() => "http://127.0.0.1:1");
    running.push(bot);
    const child = Bun.spawn([process.execPath, "scripts/platform.ts"], {
      cwd: ROOT,
      stdout: "pipe",
      env: {
        ...process.env,
        FAKE_CHAT2DESK_TOKEN: "token-one",
        FAKE_CHAT2DESK_WEBHOOK_URL: `${bot.url}/token-one`,
        FAKE_CHAT2DESK_RATE_LIMIT: "7/2m",
      },
    });
    const { value } = await child.stdout.getReader().read();
    const { ready, port } = JSON.parse(new TextDecoder().decode(value));
    const stats = await fetch(`http://127.0.0.1:${port}/__stats`);
    expect(ready).toBe(true);
    expect(await stats.json()).toMatchObject({
      accounts: [{ limitCount: 7, limitWindowMs: 120_000 }],
    });
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
  });

  test("says what is missing", async () => {
    const child = Bun.spawn([process.execPath, "scripts/platform.ts"], {
      cwd: ROOT,
      stderr: "pipe",
      env: { PATH: process.env["PATH"] ?? "" },
    });
    expect(await new Response(child.stderr).text()).toContain("FAKE_CHAT2DESK_TOKEN");
    expect(await child.exited).toBe(2);
  });
});
