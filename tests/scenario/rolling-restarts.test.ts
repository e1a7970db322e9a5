import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  samePeopleOn,
  simulateClients,
} from "../../src/fake-platform/simulation/simulate-clients.ts";
import { driveInProcess } from "../support/drive-chat2desk.ts";
import { becomesRunning, type HookdeskProcess } from "../support/process.ts";
import { openProcessStage, type ProcessStage } from "../support/process-stage.ts";

const roles = ["web", "web", "worker", "worker", "outbox", "outbox"] as const;
const restarts = 20;
const clients = 40;
const testMs = 120_000;

let stage: ProcessStage;
const processes: HookdeskProcess[] = [];

beforeAll(async () => {
  stage = await openProcessStage();
  for (const role of roles) processes.push(await startReady(role));
}, testMs);

afterAll(async () => stage.close());

async function startReady(role: string): Promise<HookdeskProcess> {
  const started = stage.start(role);
  await becomesRunning(started);
  return started;
}

/** Each process in turn is told to stop, ends in good order, and gets a successor. */
async function restartInTurn(): Promise<void> {
  for (let turn = 0; turn < restarts; turn += 1) {
    const place = turn % roles.length;
    processes[place]?.signal("SIGTERM");
    expect(await processes[place]?.exited).toBe(0);
    processes[place] = await startReady(roles[place] ?? "web");
  }
}

test(
  "twenty rolling restarts under load refuse no webhook, stall no work and spoil no order",
  async () => {
    let restarted = false;
    const restarting = restartInTurn().finally(() => {
      restarted = true;
    });
    let rounds = 0;
    while (!restarted) {
      const people = samePeopleOn(["main"], clients);
      const options = {
        driver: driveInProcess(stage.platform),
        people,
        seed: rounds,
        replyTimeoutMs: 20_000,
      };
      const findings = await simulateClients(options);
      expect(findings.problems).toEqual([]);
      expect(findings.faultless).toBe(true);
      rounds += 1;
    }
    await restarting;
    const posted = stage.platform.log.since(0).filter((entry) => entry.kind === "webhook");
    expect(posted.length).toBeGreaterThan(clients);
    expect(posted.filter((entry) => entry.status !== 200)).toEqual([]);
    expect(await stage.database.count("SELECT count(*) FROM parked")).toBe(0);
  },
  testMs,
);
