import { afterEach, describe, expect, test } from "bun:test";
import {
  samePeopleOn,
  simulateClients,
} from "../../../src/fake-platform/simulation/simulate-clients.ts";
import { driveInProcess } from "../../support/drive-chat2desk.ts";
import { eventually } from "../../support/eventually.ts";
import { openProcessStage, type ProcessStage } from "../../support/process-stage.ts";
import { becomesReady, type HookdeskProcess } from "../../support/process.ts";

/** A process that is told to stop ends by itself before pm2 would kill it, ms. */
const stopMsMax = 14_000;
/** A stopped worker's lanes would be taken over by lease after 6 s; given back, they go on at once, ms. */
const handoverMs = 4_500;
const testMs = 60_000;
const clients = 8;

let stage: ProcessStage | null = null;
afterEach(async () => {
  await stage?.close();
  stage = null;
});

async function open(): Promise<ProcessStage> {
  stage = await openProcessStage();
  return stage;
}

/** Clients order; `midway` is called when they are in the middle of it. */
async function orderThrough({ platform }: ProcessStage, midway: () => Promise<void>) {
  const begun = Promise.withResolvers<void>();
  const ordering = simulateClients({
    driver: driveInProcess(platform),
    people: samePeopleOn(["main"], clients),
    replyTimeoutMs: 30_000,
    deadlineMs: 50_000,
    onProgress: ({ messages }) => (messages >= clients * 3 ? begun.resolve() : undefined),
  });
  await begun.promise;
  await midway();
  return ordering;
}

async function stops(one: HookdeskProcess, signal: "SIGTERM" | "SIGINT") {
  const begun = performance.now();
  one.signal(signal);
  const code = await one.exited;
  return { code, tookMs: performance.now() - begun };
}

describe("a process that is told to stop", () => {
  test(
    "gives its lanes back: the other worker goes on at once and every order is completed",
    async () => {
      const open1 = await open();
      const { database, start } = open1;
      await becomesReady(start("web"));
      const first = start("worker");
      start("worker");
      start("outbox");
      const findings = await orderThrough(open1, async () => {
        const { code } = await stops(first, "SIGTERM");
        expect(code).toBe(0);
      });
      expect(findings.problems).toEqual([]);
      expect(findings.faultless).toBe(true);
      expect(findings.latencyMs.max).toBeLessThan(handoverMs);
      const leads = "SELECT count(*) FROM leaders WHERE holder LIKE $1 AND until > now()";
      expect(await database.count(leads, [`${first.pid}-%`])).toBe(0);
      expect(first.output()).not.toContain("without an orderly end");
      expect(first.output()).toContain('"message":"stopped"');
    },
    testMs,
  );

  test(
    "and is started again meanwhile loses no webhook that it acknowledged",
    async () => {
      const open1 = await open();
      const first = open1.start("all");
      await becomesReady(first);
      const findings = await orderThrough(open1, async () => {
        expect((await stops(first, "SIGINT")).code).toBe(0);
        open1.start("all");
      });
      expect(findings.problems).toEqual([]);
      expect(findings.faultless).toBe(true);
    },
    testMs,
  );

  test(
    "waits for a call to the platform and records its end: nothing is sent twice",
    async () => {
      const { start, platform, database } = await open();
      const one = start("all");
      await becomesReady(one);
      await platform.control({ do: "sends", fault: { mode: "slow", ms: 2_000 } });
      await platform.say({ clientId: 1, text: "Hi" });
      await platform.waitFor((entry) => entry.kind === "arrival", 10_000);
      expect((await stops(one, "SIGTERM")).code).toBe(0);
      const attempts = await database.rows<{ outcome: string }>("SELECT outcome FROM attempts");
      expect(attempts).toEqual([{ outcome: "sent" }]);
      expect(await database.count("SELECT count(*) FROM outbox")).toBe(0);
    },
    testMs,
  );

  test(
    "does not wait for a platform that hangs",
    async () => {
      const { start, platform } = await open();
      const one = start("all");
      await becomesReady(one);
      await platform.control({ do: "sends", fault: { mode: "hang" } });
      await platform.say({ clientId: 1, text: "Hi" });
      await platform.waitFor((entry) => entry.kind === "arrival", 10_000);
      const { code, tookMs } = await stops(one, "SIGTERM");
      expect(code).toBe(0);
      expect(tookMs).toBeLessThan(stopMsMax);
    },
    testMs,
  );

  const outages = (["redisWire", "postgresWire"] as const).flatMap((wire) =>
    (["refuse", "hang"] as const).map((how) => [wire, how] as const),
  );
  test.each(outages)(
    "ends in time and in order while a store is away: %s %s",
    async (wire, how) => {
      const opened = await open();
      const one = opened.start("all");
      await becomesReady(one);
      const begun = performance.now();
      await opened.platform.say({ clientId: 1, text: "Hi" });
      await opened[wire][how]();
      void opened.platform.say({ clientId: 2, text: "Hi" });
      await eventually("the outage is felt", () => performance.now() - begun > 500);
      const { code, tookMs } = await stops(one, "SIGTERM");
      expect(code).toBe(0);
      expect(tookMs).toBeLessThan(stopMsMax);
      expect(one.output()).not.toContain("nobody awaited");
    },
    testMs,
  );

  test.each([["redisWire"], ["postgresWire"]] as const)(
    "ends in time when a store was never there: %s",
    async (wire) => {
      const opened = await open();
      await opened[wire].refuse();
      const one = opened.start("worker");
      await eventually(
        "it is at work",
        () => one.output().includes("away") || one.output().includes("not ready yet"),
      );
      const { code, tookMs } = await stops(one, "SIGTERM");
      expect(code).toBe(0);
      expect(tookMs).toBeLessThan(stopMsMax / 2);
      expect(one.output()).not.toContain("nobody awaited");
    },
    testMs,
  );
});
