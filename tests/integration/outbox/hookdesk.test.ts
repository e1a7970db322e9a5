import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { eventually } from "../../support/eventually.ts";
import { openStage, type Stage, startHookdesk } from "../../support/hookdesk.ts";

/** What people see of the outbox: the customer's phone, `/health`, and the record. */
let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.close());

type Report = {
  readonly status: string;
  readonly checks: { readonly origins?: { readonly status: string; readonly message: string } };
};

async function health(): Promise<Report> {
  const response = await fetch(`${stage.hookdesk.url}/health`);
  return JSON.parse(await response.text());
}

const healthWith = (status: string) =>
  eventually(`origins to be ${status}`, async () => {
    const report = await health();
    return report.checks.origins?.status === status ? report : null;
  });

const sends = () => stage.platform.log.since(0).filter((entry) => entry.kind === "send");
const open = () => stage.database.count("SELECT count(*) FROM outbox");

async function heldBy(fault: Record<string, unknown>): Promise<Report> {
  await healthWith("ok");
  await stage.platform.control({ do: "sends", fault, next: 1 });
  await stage.platform.say({ clientId: 17, text: "Hi" });
  return healthWith("degraded");
}

describe("an account on hold", () => {
  test("a used-up quota makes /health degraded with a sentence, and nothing more is sent meanwhile", async () => {
    const report = await heldBy({ mode: "quota" });
    expect(report.status).toBe("degraded");
    expect(report.checks.origins?.message).toContain("quota");
    await stage.platform.say({ clientId: 18, text: "Hi" });
    await eventually("two replies that wait", async () => (await open()) === 2);
    expect(stage.platform.stats()[0]?.arrivals).toBe(1);
    expect(sends()).toHaveLength(0);
  });

  test("a refused token holds the account until its settings change, then the reply goes out", async () => {
    const report = await heldBy({ mode: "wrong-token" });
    expect(report.checks.origins?.message).toContain("unauthorized");
    expect(await open()).toBe(1);
    // The address is written differently: the settings have changed, the platform has not.
    const environment = {
      ...stage.environment,
      PORT: "0",
      CHAT2DESK_API_URL: stage.platform.url.replace("http:", "HTTP:"),
    };
    const restarted = await startHookdesk(environment, "cron");
    await eventually("the reply", () => sends().length === 1);
    await healthWith("ok");
    await restarted.stop();
  });
});

describe("a reply", () => {
  test("is sent once per message of the client, in the thread it answers", async () => {
    for (const text of ["Hi", "1 Main Street", "+34600000001"]) {
      await stage.platform.say({ clientId: 17, text });
    }
    await eventually("three replies", () => sends().length === 3);
    await eventually("an empty outbox", async () => (await open()) === 0);
    const rows = await stage.database.rows(
      "SELECT status, attempts FROM deliveries ORDER BY created_at",
    );
    expect(rows).toEqual(Array(3).fill({ status: "sent", attempts: 1 }));
  });

  test("that the platform leaves unanswered is unknown after 10 s: sent once more, unless its echo proves that it arrived", async () => {
    const silent = await openStage();
    await silent.platform.control({ do: "echo", enabled: false });
    const [echoed, copied] = await Promise.all([hangOnce(stage), hangOnce(silent)]);
    expect(echoed).toMatchObject([{ n: 1, outcome: "sent", settled_by: "echo" }]);
    expect(stage.platform.arrivals("main")).toHaveLength(1);
    expect(copied).toMatchObject([
      { n: 1, outcome: "unknown" },
      { n: 2, outcome: "sent" },
    ]);
    const [called = 0, again = 0, ...more] = silent.platform.arrivals("main");
    expect(again - called).toBeLessThan(13_000);
    expect(more).toEqual([]);
    await silent.close();
  });
});

/** The platform takes the first reply and never answers; resolves with the attempts on record at the end. */
async function hangOnce({ platform, database }: Stage) {
  await platform.control({ do: "sends", fault: { mode: "hang", accepted: true }, next: 1 });
  await platform.say({ clientId: 17, text: "Hi" });
  const count = (table: string) => database.count(`SELECT count(*) FROM ${table}`);
  await eventually("an end", async () => (await count("attempts")) > 0);
  await eventually("an empty outbox", async () => (await count("outbox")) === 0);
  return database.rows("SELECT n, outcome, settled_by FROM attempts ORDER BY n");
}
