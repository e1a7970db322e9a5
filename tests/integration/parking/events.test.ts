import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";

import { createParkingStore } from "../../../src/parking/store.ts";
import { createParking, type Parking } from "../../../src/parking/parking.ts";
import { eventually } from "../../support/eventually.ts";
import { explosive, openWorkbench, type Workbench } from "../../support/workbench.ts";
import {
  allParked,
  applied,
  drainFor,
  mendedWorker,
  onlyParked,
  parkingWithoutWaking,
  parkMessage,
  versionOf,
} from "./parking-lot.ts";

let bench: Workbench;
let parking: Parking;

beforeAll(async () => {
  bench = await openWorkbench();
  parking = parkingWithoutWaking(bench.pipeline);
});

afterEach(async () => {
  await bench.database.rows("DELETE FROM parked");
});

afterAll(() => bench.close());

describe("a parked event", () => {
  test("leaves the conversation to its later events, and is applied after them when it is replayed", async () => {
    await parkMessage(bench, "late");
    await bench.say("late", "one");
    await bench.say("late", "two");
    await drainFor(bench, ["late"]);
    expect(await applied(bench, "late")).toEqual(["one", "two"]);
    const { ends } = await parking.replay([await onlyParked(parking)], "anna");
    expect(ends.map((end) => end.verdict)).toEqual(["replayed"]);
    await drainFor(bench, ["late"], mendedWorker(bench));
    expect(await applied(bench, "late")).toEqual(["one", "two", explosive]);
    expect(await bench.database.count("SELECT count(*) FROM pending")).toBe(0);
  });

  test("goes before events that are still open", async () => {
    await parkMessage(bench, "first");
    await bench.say("first", "open");
    await parking.replay(await allParked(parking), "anna");
    await drainFor(bench, ["first"], mendedWorker(bench));
    expect(await applied(bench, "first")).toEqual([explosive, "open"]);
  });

  test("is applied once although eight people replay it at the same time, twice each", async () => {
    await parkMessage(bench, "crowd");
    const item = await onlyParked(parking);
    const rounds = await Promise.all(
      Array.from({ length: 8 }, () => parking.replay([item, item], "anna")),
    );
    const verdicts = rounds.flatMap((round) => round.ends.map((end) => end.verdict));
    expect(verdicts.toSorted()).toEqual([...Array(15).fill("gone"), "replayed"]);
    await drainFor(bench, ["crowd"], mendedWorker(bench));
    await drainFor(bench, ["crowd"], mendedWorker(bench));
    expect(await applied(bench, "crowd")).toEqual([explosive]);
  });

  test("raises its conversation's version, so that a decision made without it loses", async () => {
    await parkMessage(bench, "fence");
    const item = await onlyParked(parking);
    const before = await versionOf(bench.database, item.conversation);
    await parking.replay([item], "anna");
    expect(await versionOf(bench.database, item.conversation)).toBe(before + 1);
    await drainFor(bench, ["fence"], mendedWorker(bench));
  });

  test("begins at its first attempt again and keeps its history through a second parking", async () => {
    await parkMessage(bench, "again");
    await parking.replay([await onlyParked(parking)], "anna");
    const attempts = await bench.database.count("SELECT attempts FROM pending");
    expect(attempts).toBe(0);
    await drainFor(bench, ["again"]);
    expect(await bench.database.count("SELECT attempts FROM pending")).toBe(1);
    await bench.database.rows("UPDATE pending SET attempts = 4, next_at = NULL");
    const item = await eventually("a second parking", async () => {
      await bench.lanes.reap();
      await drainFor(bench, ["again"]);
      return (await allParked(parking))[0];
    });
    const [detail] = await parking.find(item, false);
    expect(detail?.history.map((entry) => entry.n ?? entry.replayed_by)).toEqual([5, "anna", 1, 5]);
    expect(detail?.history[0]?.reason).toContain("cannot bear");
  });

  test("is decided by the time of its replay, so that no deadline of its conversation moves back", async () => {
    const event = await parkMessage(bench, "old");
    await bench.database.rows("UPDATE parked SET received_at = received_at - interval '30 hours'");
    await bench.database.rows(
      "UPDATE journal SET day = ((received_at - interval '30 hours') AT TIME ZONE 'UTC')::date WHERE id = $1",
      [event.id],
    );
    await parking.replay([await onlyParked(parking)], "anna");
    await drainFor(bench, ["old"], mendedWorker(bench));
    const values = [bench.conversation("old")];
    expect(await applied(bench, "old")).toEqual([explosive]);
    expect(
      await bench.database.count(
        "SELECT count(*) FROM timers WHERE conv = $1 AND due_at > now() + interval '19 minutes'",
        values,
      ),
    ).toBe(1);
    expect(
      await bench.database.count(
        "SELECT count(*) FROM sessions WHERE conv = $1 AND ended_at IS NOT NULL",
        values,
      ),
    ).toBe(0);
  });

  test("tells its bytes only to those who ask for them", async () => {
    await parkMessage(bench, "private");
    const item = await onlyParked(parking);
    const [without] = await parking.find(item, false);
    const [withBytes] = await parking.find(item, true);
    expect(without?.raw).toBeNull();
    expect(new TextDecoder().decode(withBytes?.raw ?? new Uint8Array())).toContain(explosive);
  });

  test("is found by any beginning of its conversation's id", async () => {
    await parkMessage(bench, "named");
    const item = await onlyParked(parking);
    const digits = item.conversation.replaceAll("-", "");
    for (const conversation of [digits, digits.slice(0, 8)])
      expect(await parking.find({ ...item, conversation }, false)).toHaveLength(1);
    expect(await parking.find({ ...item, conversation: `${digits.slice(0, 7)}x` }, false)).toEqual(
      [],
    );
  });

  test("once discarded is not replayed, and who decided it and why stays on record", async () => {
    await parkMessage(bench, "ended");
    const item = await onlyParked(parking);
    const twice = await Promise.all([
      parking.discard(item, { by: "anna", why: "spam" }),
      parking.discard(item, { by: "bert", why: "spam" }),
    ]);
    expect(twice.toSorted()).toEqual(["discarded", "gone"]);
    const { ends } = await parking.replay([item], "anna");
    expect(ends.map((end) => end.verdict)).toEqual(["gone"]);
    const [record] = await bench.database.rows(
      "SELECT id, why, discarded_by IN ('anna', 'bert') AS by_one FROM discarded WHERE conv = $1",
      [item.conversation],
    );
    expect(record).toEqual({ id: item.number, why: "spam", by_one: true });
  });

  test("is replayed also when Redis cannot be told, which is said", async () => {
    await parkMessage(bench, "deaf");
    const deaf = createParking({
      store: createParkingStore(bench.pipeline),
      wakeLanes: () => Promise.reject(new Error("away")),
      announce: () => Promise.reject(new Error("away")),
      deliveryDeadlineMs: 1_000,
    });
    const replayed = await deaf.replay([await onlyParked(parking)], "anna");
    expect(replayed).toMatchObject({ woken: false, ends: [{ verdict: "replayed" }] });
    await drainFor(bench, ["deaf"], mendedWorker(bench));
    expect(await applied(bench, "deaf")).toEqual([explosive]);
  });
});

describe("several parked events of one conversation", () => {
  test("go back in the order in which they came, however they are named", async () => {
    await parkMessage(bench, "series");
    await parkMessage(bench, "series");
    await parkMessage(bench, "series");
    const items = await allParked(parking);
    const { ends } = await parking.replay(
      items.toSorted((a, b) => Number(b.number) - Number(a.number)),
      "anna",
    );
    const numbers = ends.map((end) => Number(end.item.number));
    expect(numbers).toHaveLength(3);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    await drainFor(bench, ["series"], mendedWorker(bench));
    expect(await applied(bench, "series")).toHaveLength(3);
  });
});

describe("a transaction that has named its tenant", () => {
  test("sees and changes nothing that is parked for another", async () => {
    await parkMessage(bench, "walled");
    const item = await onlyParked(parking);
    const another = item.tenant + 1;
    const seen = await bench.pipeline.lend(async (client) => {
      await client.query("BEGIN");
      await client.query("SELECT set_config('hookdesk.tenant', $1, true)", [String(another)]);
      const { rows: listed } = await client.query(
        "SELECT * FROM parked_work(NULL, NULL, NULL, NULL, 9)",
      );
      const { rows: found } = await client.query(
        "SELECT * FROM parked_item('event', '', $1, true)",
        [item.number],
      );
      const { rows: verdicts } = await client.query(
        "SELECT replay_event($1, $2, $3, 'x') AS replay, discard_event($1, $2, $3, 'x', 'y') AS discard",
        [item.tenant, item.conversation, item.number],
      );
      const { rows: lines } = await client.query("SELECT * FROM ledger(NULL, NULL)");
      await client.query("COMMIT");
      return { listed, found, verdicts, lines };
    });
    expect(seen).toEqual({
      listed: [],
      found: [],
      verdicts: [{ replay: "gone", discard: "gone" }],
      lines: [],
    });
    expect(await allParked(parking)).toHaveLength(1);
  });
});
