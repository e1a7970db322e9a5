import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Periodic } from "../../../src/core/service.ts";
import { createJournalRetention } from "../../../src/journal/retention.ts";
import { createLogger } from "../../../src/platform/telemetry/logger.ts";
import { eventually } from "../../support/eventually.ts";
import { environmentFor } from "../../support/hookdesk.ts";
import { becomesRunning, startProcess } from "../../support/process.ts";
import { openWorkbench, type Workbench } from "../../support/workbench.ts";
import { drainFor } from "../parking/parking-lot.ts";
import { age, exists, lineOf, message, partitionOf } from "./bookkeeping.ts";

let bench: Workbench;
let retention: Periodic;

beforeEach(async () => {
  bench = await openWorkbench();
  retention = createJournalRetention({
    database: bench.pipeline,
    leads: async () => true,
    logger: createLogger("silent", "test"),
    days: 2,
  });
});

afterEach(async () => {
  await retention.stop();
  await bench.close();
});

const gone = (table: string) =>
  eventually(`${table} is dropped`, async () => !(await exists(bench, table)));

describe("the journal's retention", () => {
  test("drops each day that is older, and a copy of its events is still recognised", async () => {
    const [oldest, older, kept] = await Promise.all(
      [4, 3, 2].map((days) => partitionOf(bench, days)),
    );
    await bench.storeWebhook([message("a", "x")]);
    await drainFor(bench, ["x"]);
    await age(bench, 4);
    await retention.start();
    await gone(older ?? "");
    expect(await exists(bench, oldest ?? "")).toBe(false);
    expect(await exists(bench, kept ?? "")).toBe(true);
    await bench.storeWebhook([message("a", "x")]);
    expect(await lineOf(bench.pipeline)).toMatchObject({
      received: 2,
      applied: 1,
      duplicate: 1,
      missing: 0,
    });
  });

  test("drops what only the overflow has", async () => {
    await bench.storeWebhook([message("a", "x")]);
    await drainFor(bench, ["x"]);
    await age(bench, 3);
    await retention.start();
    await eventually(
      "the overflow is empty",
      async () => (await bench.database.count("SELECT count(*) FROM journal")) === 0,
    );
    expect(await lineOf(bench.pipeline)).toMatchObject({ received: 1, applied: 1, missing: 0 });
  });

  test("keeps a day with an event that is not applied, until it is", async () => {
    const old = await partitionOf(bench, 3);
    await bench.storeWebhook([message("a", "x")]);
    await age(bench, 3);
    const refused = Promise.withResolvers<void>();
    await retention.stop();
    retention = createJournalRetention({
      database: bench.pipeline,
      leads: async () => true,
      logger: { ...createLogger("silent", "test"), warn: () => refused.resolve() },
      days: 2,
    });
    await retention.start();
    await refused.promise;
    expect(await exists(bench, old)).toBe(true);
    await drainFor(bench, ["x"]);
    retention.wake();
    await gone(old);
  });

  test.each([
    ["30", true],
    ["0", false],
  ])("with JOURNAL_DAYS=%s the cron role has it: %p", async (days, wanted) => {
    const more = { LOG_LEVEL: "info", JOURNAL_DAYS: days };
    const prefix = `t${crypto.randomUUID().slice(0, 8)}`;
    const cron = startProcess(environmentFor(bench.database, prefix, more), "cron");
    try {
      await becomesRunning(cron);
      expect(cron.output().includes("journal retention")).toBe(wanted);
    } finally {
      await cron.end();
    }
  });
});
