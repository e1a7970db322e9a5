import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  samePeopleOn,
  simulateClients,
} from "../../../src/fake-platform/simulation/simulate-clients.ts";
import { driveInProcess } from "../../support/drive-chat2desk.ts";
import { eventually } from "../../support/eventually.ts";
import { openPm2, type Pm2 } from "../../support/pm2.ts";
import { openProcessStage, type ProcessStage } from "../../support/process-stage.ts";
import { healthOf } from "../../support/process.ts";

/** `pm2 start ecosystem.config.js`, for real. */
const testMs = 120_000;
const startMs = 60_000;
/** pm2 starts a failed process again after a tenth of this, ms. */
const quietMs = 1_500;
const clientsPerRound = 6;
const roles = { web: 2, worker: 3, outbox: 1, cron: 1 };

let stage: ProcessStage;
let pm2: Pm2;
/** Starts with settings that cannot work. */
let astray: Pm2;
let url: string;
let nextClientId = 1;

beforeAll(async () => {
  stage = await openProcessStage();
  pm2 = openPm2(stage.environment);
  astray = openPm2({ ...stage.environment, CHAT2DESK_RATE_LIMIT: "often" });
  url = `http://127.0.0.1:${stage.environment["PORT"]}`;
}, testMs);

afterAll(async () => {
  await Promise.all([pm2.kill(), astray.kill()]);
  await stage.close();
}, testMs);

function order() {
  const people = samePeopleOn(["main"], clientsPerRound, nextClientId);
  nextClientId += clientsPerRound;
  return simulateClients({
    driver: driveInProcess(stage.platform),
    people,
    replyTimeoutMs: 30_000,
    deadlineMs: 60_000,
  });
}

function everythingRuns() {
  const look = async () => {
    const health = await healthOf({ url });
    return health?.status === "ok" && Bun.deepEquals(health.checks["workers"]?.["roles"], roles);
  };
  return eventually("all roles live and /health is ok", look, startMs);
}

describe("pm2 start ecosystem.config.js", () => {
  test(
    "runs two web processes on one port, three workers, outbox and cron, and /health is ok",
    async () => {
      await pm2.run("start", "ecosystem.config.js");
      await everythingRuns();
      const processes = await pm2.list();
      expect(processes.map(({ name }) => name).toSorted()).toEqual([
        "hookdesk-cron",
        "hookdesk-outbox",
        "hookdesk-web",
        "hookdesk-web",
        "hookdesk-worker",
        "hookdesk-worker",
        "hookdesk-worker",
      ]);
      expect(new Set(processes.map(({ status }) => status))).toEqual(new Set(["online"]));
      expect(processes.every(({ restarts }) => restarts === 0)).toBe(true);
    },
    testMs,
  );

  test(
    "takes orders from clients",
    async () => {
      const findings = await order();
      expect(findings.problems).toEqual([]);
      expect(findings.faultless).toBe(true);
    },
    testMs,
  );

  test(
    "reloads everything while clients order: no webhook fails and no order suffers",
    async () => {
      const begun = stage.platform.log.lastSeq;
      const before = await pm2.list();
      let reloaded = false;
      const reload = pm2.run("reload", "ecosystem.config.js").then(() => {
        reloaded = true;
      });
      while (!reloaded) {
        const findings = await order();
        expect(findings.problems).toEqual([]);
        expect(findings.faultless).toBe(true);
      }
      await reload;
      await everythingRuns();
      const after = await pm2.list();
      const pids = new Set(before.map(({ pid }) => pid));
      expect(after.filter(({ pid }) => pids.has(pid))).toEqual([]);
      const posted = stage.platform.log.since(begun).filter(({ kind }) => kind === "webhook");
      expect(posted.length).toBeGreaterThan(clientsPerRound);
      expect(posted.filter((entry) => entry.kind === "webhook" && entry.status !== 200)).toEqual(
        [],
      );
    },
    testMs,
  );

  test(
    "starts a process again that was killed",
    async () => {
      const killed = (await pm2.list()).find(({ name }) => name === "hookdesk-worker");
      process.kill(killed?.pid ?? 0, "SIGKILL");
      await eventually("another took its place", async () => {
        const workers = (await pm2.list()).filter(({ name }) => name === "hookdesk-worker");
        return workers.every(({ pid, status }) => pid !== killed?.pid && status === "online");
      });
      await everythingRuns();
    },
    testMs,
  );

  test(
    "does not start a process again and again whose settings cannot work",
    async () => {
      await astray.run("start", "ecosystem.config.js", "--only", "hookdesk-cron");
      await eventually("it has ended", async () => (await astray.list())[0]?.status !== "online");
      const listedAt = performance.now();
      await eventually("some time passes without a restart", async () => {
        const [cron] = await astray.list();
        expect(cron?.restarts).toBe(0);
        return performance.now() - listedAt > quietMs;
      });
      expect(astray.printed("hookdesk-cron")).toContain("CHAT2DESK_RATE_LIMIT must be a rate");
    },
    testMs,
  );

  test(
    "prints JSON lines into pm2's log files, and stops without leaving anything behind",
    async () => {
      const pids = (await pm2.list()).map(({ pid }) => pid);
      await pm2.kill();
      const lines = pm2.printed("hookdesk-web").trim().split("\n");
      expect(lines.flatMap((line) => Object.keys(JSON.parse(line)))).toContain("timestamp");
      expect(
        lines.filter((line) => line.includes('"message":"stopped"')).length,
      ).toBeGreaterThanOrEqual(2);
      for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow();
      expect(pm2.daemonLives()).toBe(false);
    },
    testMs,
  );
});
