import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { LedgerLine } from "../../../src/ledger/ledger.ts";
import { eventually } from "../../support/eventually.ts";
import { openWorkbench, type Workbench } from "../../support/workbench.ts";
import { drainFor, onlyParked, parkingWithoutWaking, parkMessage } from "../parking/parking-lot.ts";
import { lineOf, message, storeIgnored } from "./bookkeeping.ts";

let bench: Workbench;

beforeEach(async () => {
  bench = await openWorkbench();
});

afterEach(() => bench.close());

const empty = {
  received: 0,
  applied: 0,
  duplicate: 0,
  ignored: 0,
  parked: 0,
  discarded: 0,
  pending: 0,
  missing: 0,
};

/** Rounds of a system's life: copies, poison, replays and discards, while workers may run. */
async function liveFor(rounds: number): Promise<void> {
  const clients = Array.from({ length: 20 }, (_, index) => `client ${index}`);
  const parking = parkingWithoutWaking(bench.pipeline);
  const hear = async (client: string, round: number): Promise<void> => {
    const event = message(`${client}/${round}`, client);
    await bench.post(await bench.storeWebhook([event, event]));
  };
  for (let round = 0; round < rounds; round += 1) {
    await Promise.all(clients.map((client) => hear(client, round)));
    await parkMessage(bench, `poison ${round}`);
    const { items } = await parking.list({}, 10);
    if (round % 3 === 0) await parking.replay(items, "anna");
    const discarded = round % 3 === 1 ? items : [];
    for (const item of discarded) await parking.discard(item, { by: "anna", why: "a test" });
  }
}

describe("the ledger", () => {
  test("has a line for an origin that has received nothing", async () => {
    const line = await lineOf(bench.pipeline);
    expect(line).toMatchObject({ tenantName: "first", originName: "plain/one", ...empty });
  });

  test("counts every event once, whatever became of it", async () => {
    const parking = parkingWithoutWaking(bench.pipeline);
    await parkMessage(bench, "given up");
    await parking.discard(await onlyParked(parking), { by: "anna", why: "a test" });
    await parkMessage(bench, "parked");
    await storeIgnored(bench, "nothing");
    await bench.say("done", "one");
    await bench.say("done", "two");
    await drainFor(bench, ["done"]);
    await bench.say("open", "three");
    expect(await lineOf(bench.pipeline)).toMatchObject({
      received: 6,
      applied: 2,
      duplicate: 0,
      ignored: 1,
      parked: 1,
      discarded: 1,
      pending: 1,
      missing: 0,
    });
  });

  test("counts each copy once: of one webhook, of one group, and of events that are ignored", async () => {
    await bench.storeWebhook([message("a", "x"), message("a", "x"), message("b", "x")]);
    await Promise.all([
      bench.storeWebhook([message("c", "x")]),
      bench.storeWebhook([message("c", "x")]),
      bench.storeWebhook([message("a", "x")]),
    ]);
    await storeIgnored(bench, "n");
    await storeIgnored(bench, "n");
    await drainFor(bench, ["x"]);
    expect(await lineOf(bench.pipeline)).toMatchObject({
      received: 8,
      applied: 3,
      duplicate: 4,
      ignored: 1,
      missing: 0,
    });
  });

  test("counts a copy once that waited for another transaction to store the event", async () => {
    await bench.pipeline.lend(async (client) => {
      await client.query("BEGIN");
      const event = {
        o: 0,
        t: bench.origin.tenant,
        g: bench.origin.id,
        b: 0,
        k: "slow",
        c: null,
        y: "ignored",
        r: "a test",
        f: 1,
        n: 2,
        i: 0,
        d: 1,
      };
      const values = [JSON.stringify([event]), Buffer.from("{}")];
      await client.query("SELECT * FROM ingest($1::json, $2::bytea)", values);
      const copy = storeIgnored(bench, "slow");
      await eventually(
        "the copy waits",
        async () =>
          (await bench.database.count(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
          )) > 0,
      );
      await client.query("COMMIT");
      await copy;
    });
    expect(await lineOf(bench.pipeline)).toMatchObject({
      received: 2,
      duplicate: 1,
      ignored: 1,
      missing: 0,
    });
  });

  test("stays balanced through parking, replay and a second decision", async () => {
    const parking = parkingWithoutWaking(bench.pipeline);
    await parkMessage(bench, "x");
    await parking.replay([await onlyParked(parking)], "anna");
    expect(await lineOf(bench.pipeline)).toMatchObject({ parked: 0, pending: 1, missing: 0 });
  });

  test("balances in every reading while the system works", async () => {
    let running = true;
    const living = liveFor(15).finally(() => {
      running = false;
    });
    const working = (async () => {
      while (running) await bench.newWorker().drain();
    })();
    const readings: LedgerLine[] = [];
    while (running) readings.push(await lineOf(bench.pipeline));
    await Promise.all([living, working]);
    expect(readings.length).toBeGreaterThan(10);
    expect(readings.filter((line) => line.missing !== 0)).toEqual([]);
    expect(readings.some((line) => line.pending > 0 && line.applied > 0)).toBe(true);
  }, 30_000);

  test("tells of an event that was lost, and of one that was applied twice", async () => {
    await bench.say("x", "one");
    await bench.say("x", "two");
    await bench.database.rows("DELETE FROM pending WHERE id = (SELECT min(id) FROM pending)");
    expect(await lineOf(bench.pipeline)).toMatchObject({ received: 2, pending: 1, missing: 1 });
    await drainFor(bench, ["x"]);
    await bench.database.rows("UPDATE conversations SET applied = applied + 2");
    expect(await lineOf(bench.pipeline)).toMatchObject({ received: 2, applied: 3, missing: -1 });
  });
});
