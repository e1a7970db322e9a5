import { afterEach, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { eventually } from "../../support/eventually.ts";
import { environmentFor, freePort } from "../../support/hookdesk.ts";
import {
  becomesRunning,
  type HookdeskProcess,
  startProcess,
  statusOf,
} from "../../support/process.ts";

const preload = fileURLToPath(import.meta.resolve("../../support/endless-loop.ts"));
/** How long the watchdog lets an event loop stand still, ms. */
const blockedMsMax = 5_000;
const killed = 128 + 9;

let database: TestDatabase;
let processes: readonly HookdeskProcess[] = [];

afterEach(async () => {
  await Promise.all(processes.map((one) => one.end()));
  await database.drop();
});

test("a process whose event loop stands still is ended within seconds, and one that was only stopped goes on", async () => {
  database = await createTestDatabase();
  const environment = environmentFor(database, `t${crypto.randomUUID().slice(0, 8)}`, {
    LOG_LEVEL: "info",
    PORT: `${freePort()}`,
  });
  const blocked = startProcess(environment, "worker", { preload });
  const stopped = startProcess(environment, "web");
  processes = [blocked, stopped];
  await Promise.all(processes.map(becomesRunning));

  blocked.signal("SIGUSR2");
  stopped.signal("SIGSTOP");
  const since = performance.now();
  expect(await blocked.exited).toBe(killed);
  expect(performance.now() - since).toBeGreaterThan(blockedMsMax - 500);
  expect(blocked.output()).toContain("the event loop stood still");

  const restedMs = blockedMsMax + 1_000;
  await eventually("it rested longer than a loop may", () => performance.now() - since > restedMs);
  stopped.signal("SIGCONT");
  const health = await eventually("it answers", () => statusOf(`${stopped.url}/health/ready`));
  expect(health).toBe(200);
  expect(stopped.output()).not.toContain("the event loop stood still");
  stopped.signal("SIGTERM");
  expect(await stopped.exited).toBe(0);
});
