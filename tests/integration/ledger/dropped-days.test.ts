import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { openWorkbench, type Workbench } from "../../support/workbench.ts";
import {
  applied,
  drainFor,
  mendedWorker,
  onlyParked,
  parkingWithoutWaking,
  parkMessage,
} from "../parking/parking-lot.ts";
import { age, exists, lineOf, message, partitionOf, storeIgnored } from "./bookkeeping.ts";

let bench: Workbench;

beforeEach(async () => {
  bench = await openWorkbench();
});

afterEach(() => bench.close());

/** Drops the days before the one that lies so many days back; resolves with the events dropped. */
const dropBefore = (daysAgo: number): Promise<number> =>
  bench.database.count(
    "SELECT drop_journal_before((now() AT TIME ZONE 'UTC')::date - $1::int) AS dropped",
    [daysAgo],
  );

async function liveADay(): Promise<void> {
  await bench.storeWebhook([message("a", "x"), message("a", "x"), message("b", "x")]);
  await storeIgnored(bench, "n");
  await drainFor(bench, ["x"]);
}

describe("dropping old days of the journal", () => {
  test("drops the partitions and keeps their counts, so that the ledger still balances", async () => {
    const old = await partitionOf(bench, 3);
    await liveADay();
    await age(bench, 3);
    await bench.say("y", "today");
    expect(await dropBefore(2)).toBe(3);
    expect(await exists(bench, old)).toBe(false);
    expect(await bench.database.count("SELECT count(*) FROM journal")).toBe(1);
    expect(await lineOf(bench.pipeline)).toMatchObject({
      received: 5,
      applied: 2,
      duplicate: 1,
      ignored: 1,
      pending: 1,
      missing: 0,
    });
  });

  test("counts what the overflow partition caught as well, also when it is done again", async () => {
    await liveADay();
    await age(bench, 3);
    expect(await dropBefore(2)).toBe(3);
    expect(await dropBefore(2)).toBe(0);
    expect(await lineOf(bench.pipeline)).toMatchObject({ received: 4, applied: 2, missing: 0 });
  });

  test("leaves the day that is named and those after it", async () => {
    await partitionOf(bench, 3);
    await liveADay();
    await age(bench, 3);
    expect(await dropBefore(3)).toBe(0);
    expect(await bench.database.count("SELECT count(*) FROM journal")).toBe(3);
  });

  test("is refused while an event of those days is open, and changes nothing then", async () => {
    const old = await partitionOf(bench, 3);
    await liveADay();
    await bench.say("z", "still open");
    await age(bench, 3);
    await expect(dropBefore(2)).rejects.toThrow("are not applied yet: 1");
    expect(await exists(bench, old)).toBe(true);
    expect(await lineOf(bench.pipeline)).toMatchObject({ received: 5, pending: 1, missing: 0 });
    expect(await bench.database.count("SELECT count(*) FROM journal_dropped")).toBe(0);
  });

  test("is refused for a day that is not over", async () => {
    await expect(dropBefore(-1)).rejects.toThrow("is not over");
  });

  test("gives up soon when the journal is in use, so that webhooks do not queue up behind it", async () => {
    await partitionOf(bench, 3);
    await bench.pipeline.lend(async (client) => {
      await client.query("BEGIN");
      await client.query("SELECT FROM journal LIMIT 1");
      await expect(dropBefore(2)).rejects.toThrow("lock timeout");
      await client.query("COMMIT");
    });
    expect(await dropBefore(2)).toBe(0);
  });

  test("does not take a parked event away: it is replayed from its own copy, and still counted once", async () => {
    const parking = parkingWithoutWaking(bench.pipeline);
    await partitionOf(bench, 3);
    await parkMessage(bench, "x");
    await age(bench, 3);
    expect(await dropBefore(2)).toBe(1);
    expect(await lineOf(bench.pipeline)).toMatchObject({ received: 1, parked: 1, missing: 0 });
    await parking.replay([await onlyParked(parking)], "anna");
    expect(await lineOf(bench.pipeline)).toMatchObject({ received: 1, pending: 1, missing: 0 });
    await expect(dropBefore(2)).rejects.toThrow("are not applied yet: 1");
    await drainFor(bench, ["x"], mendedWorker(bench));
    expect(await applied(bench, "x")).toHaveLength(1);
    expect(await dropBefore(2)).toBe(1);
    expect(await lineOf(bench.pipeline)).toMatchObject({ received: 1, applied: 1, missing: 0 });
  });
});
