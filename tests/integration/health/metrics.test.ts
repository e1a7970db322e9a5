import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eventually } from "../../support/eventually.ts";
import { openProcessStage, type ProcessStage } from "../../support/process-stage.ts";
import { becomesReady, type HookdeskProcess } from "../../support/process.ts";

/** One page of numbers for all processes, whichever of them is asked. */
const clients = 4;
let stage: ProcessStage;
let web: HookdeskProcess;
let worker: HookdeskProcess;
let outbox: HookdeskProcess;

beforeAll(async () => {
  stage = await openProcessStage();
  web = stage.start("web");
  await becomesReady(web);
});
afterAll(async () => stage.close());

async function page(): Promise<string> {
  const response = await fetch(`${web.url}/metrics`);
  expect(response.headers.get("content-type")).toContain("text/plain");
  return response.text();
}

/** The sum over the samples of a name, whatever their labels; null when there is none. */
function sumOf(text: string, name: string, labels = ""): number | null {
  const lines = text.split("\n").filter((line) => new RegExp(`^${name}[ {]`).test(line));
  const fitting = lines.filter((line) => line.includes(labels));
  if (fitting.length === 0) return null;
  return fitting.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

function becomes(name: string, value: number | null, labels = "") {
  return eventually(
    `${name} ${labels} is ${value}`,
    async () => sumOf(await page(), name, labels) === value,
  );
}

describe("/metrics", () => {
  test("the open work is right although nobody asked /health", async () => {
    for (let clientId = 1; clientId <= clients; clientId += 1)
      await stage.platform.say({ clientId, text: "Hi" });
    const text = await page();
    expect(sumOf(text, "hookdesk_queue_depth", 'queue="messages"')).toBe(clients);
    expect(sumOf(text, "hookdesk_queue_depth", 'queue="outbox"')).toBe(0);
    expect(sumOf(text, "hookdesk_events_accepted_total")).toBe(clients);
    expect(sumOf(text, "hookdesk_bull_waiting", 'queue="messages"')).toBeGreaterThan(0);
  });

  test("what workers and senders count is on the page of the web process", async () => {
    worker = stage.start("worker");
    outbox = stage.start("outbox");
    // Each message is answered, and each answer comes back as one more event.
    await becomes("hookdesk_events_applied_total", clients * 2);
    await becomes("hookdesk_sends_total", clients, 'outcome="sent"');
    await becomes("hookdesk_queue_depth", 0, 'queue="messages"');
    await becomes("hookdesk_queue_depth", 0, 'queue="outbox"');
    await becomes("hookdesk_processes", 1, 'role="worker"');
    const text = await page();
    for (const name of [
      "lane_lag",
      "decide",
      "commit",
      "send",
      "delivery",
      "limiter_wait",
      "ack",
    ]) {
      expect([name, sumOf(text, `hookdesk_${name}_seconds_count`)]).not.toEqual([name, 0]);
    }
    expect(sumOf(text, "hookdesk_parked", 'kind="deliveries"')).toBe(0);
    expect(sumOf(text, "hookdesk_postgres_up")).toBe(1);
    expect(sumOf(text, "hookdesk_redis_up")).toBe(1);
  });

  test("every name stands there once, with its help and its type", async () => {
    const text = await page();
    const names = text.split("\n").flatMap((line) => /^# TYPE (\S+)/.exec(line)?.[1] ?? []);
    expect(names.length).toBeGreaterThan(15);
    expect(new Set(names).size).toBe(names.length);
    expect(text).not.toContain("nan");
  });

  test("no sum falls when a process is killed or told to stop: another has inherited what it counted", async () => {
    const applied = "hookdesk_events_applied_total";
    const before = sumOf(await page(), applied);
    const seen: (number | null)[] = [];
    const heir = stage.start("worker");
    worker.signal("SIGKILL");
    await eventually("the dead worker is forgotten", async () => {
      const text = await page();
      seen.push(sumOf(text, applied));
      return sumOf(text, "hookdesk_processes", 'role="worker"') === 1;
    });
    heir.signal("SIGTERM");
    await heir.exited;
    outbox.signal("SIGTERM");
    await outbox.exited;
    await eventually("only the web process is left", async () => {
      const text = await page();
      seen.push(sumOf(text, applied));
      return sumOf(text, "hookdesk_processes") === 1;
    });
    await eventually("their numbers are inherited", async () => (await stage.rosterSize()) === 1);
    seen.push(sumOf(await page(), applied));
    expect(new Set(seen)).toEqual(new Set([before]));
  });

  test("while Redis is away the page shows what this process counted, and that Redis is away", async () => {
    await stage.redisWire.refuse();
    await becomes("hookdesk_redis_up", 0);
    const text = await page();
    expect(sumOf(text, "hookdesk_events_accepted_total")).toBeGreaterThanOrEqual(clients);
    expect(sumOf(text, "hookdesk_queue_depth", 'queue="messages"')).toBe(0);
    expect(sumOf(text, "hookdesk_processes")).toBeNull();
    await stage.redisWire.pass();
    await becomes("hookdesk_redis_up", 1);
  });

  test("while PostgreSQL is away no old number of the open work is shown", async () => {
    await stage.postgresWire.refuse();
    await becomes("hookdesk_postgres_up", 0);
    expect(sumOf(await page(), "hookdesk_queue_depth")).toBeNull();
    await stage.postgresWire.pass();
    await becomes("hookdesk_queue_depth", 0, 'queue="messages"');
  });
});
