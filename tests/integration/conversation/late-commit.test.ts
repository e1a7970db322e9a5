import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eventually } from "../../support/eventually.ts";
import { openWorkbench, type Workbench } from "../../support/workbench.ts";
import { applied, logOf, openWebhook, pendingOf, startSweeper, untilApplied } from "./scene.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench();
});
afterAll(() => bench.close());

const verdicts = async (verdict: string) =>
  (await bench.metrics.verdicts.get()).values.find(({ labels }) => labels.verdict === verdict)
    ?.value ?? 0;

describe("event 5 is committed before event 4 of one conversation", () => {
  test("and neither is lost: both are applied once, also when the lane was warm", async () => {
    await applied(bench, "late", ["one", "two", "three"]);
    const four = await openWebhook(bench, "late", "four");
    const five = await bench.say("late", "five");
    expect(BigInt(four.event.id)).toBeLessThan(BigInt(five.id));
    await bench.post([five]);
    await bench.worker.drain();
    expect(await logOf(bench, "late")).toEqual(["one", "two", "three", "five"]);
    await four.commit();
    await bench.post([four.event]);
    await bench.worker.drain();
    expect(await logOf(bench, "late")).toEqual(["one", "two", "three", "five", "four"]);
    expect(await pendingOf(bench, "late")).toBe(0);
    expect(
      await bench.database.count("SELECT count(*) FROM outbox WHERE conv = $1", [
        bench.conversation("late"),
      ]),
    ).toBe(5);
  });

  test("and the wake-up of event 4 is lost: the sweeper finds it", async () => {
    await applied(bench, "lost", ["one"]);
    const four = await openWebhook(bench, "lost", "four");
    await bench.post([await bench.say("lost", "five")]);
    await bench.worker.drain();
    await four.commit();
    const stop = await startSweeper(bench);
    await eventually("the late event is applied", async () => {
      await bench.worker.drain();
      return (await pendingOf(bench, "lost")) === 0;
    });
    await stop();
    expect(await logOf(bench, "lost")).toEqual(["one", "five", "four"]);
  });

  test("and event 4 commits while event 5 is being decided: both are applied once", async () => {
    await applied(bench, "between", ["one"]);
    const four = await openWebhook(bench, "between", "four");
    await bench.post([await bench.say("between", "five")]);
    const worker = bench.newWorker({
      store: {
        ...bench.store,
        commit: async (...given) => {
          await four.commit().catch(() => undefined);
          return bench.store.commit(...given);
        },
      },
    });
    await worker.drain();
    await untilApplied(bench, "between");
    expect((await logOf(bench, "between")).toSorted()).toEqual(["five", "four", "one"]);
  });
});

describe("event 4 is committed and acknowledged, but its wake-up was lost", () => {
  test("when event 5 wakes a warm lane, event 4 is applied first", async () => {
    await applied(bench, "gap", ["one"]);
    const gaps = await verdicts("gap");
    await bench.say("gap", "four");
    await bench.post([await bench.say("gap", "five")]);
    await bench.worker.drain();
    expect(await logOf(bench, "gap")).toEqual(["one", "four", "five"]);
    expect((await verdicts("gap")) - gaps).toBe(1);
  });

  test("when event 5 wakes a cold lane, event 4 is applied first", async () => {
    await bench.say("cold", "four");
    await bench.post([await bench.say("cold", "five")]);
    await bench.worker.drain();
    expect(await logOf(bench, "cold")).toEqual(["four", "five"]);
  });

  test("and posted late, after it was applied: it is not applied again", async () => {
    await applied(bench, "again", ["one"]);
    const four = await bench.say("again", "four");
    await bench.post([await bench.say("again", "five")]);
    await bench.worker.drain();
    await bench.post([four, four]);
    await bench.worker.drain();
    expect(await logOf(bench, "again")).toEqual(["one", "four", "five"]);
    expect(await verdicts("gone")).toBeGreaterThanOrEqual(1);
  });

  test("posts that overtake each other are applied in the order of the ids", async () => {
    await applied(bench, "mixed", ["one"]);
    const events = [
      await bench.say("mixed", "two"),
      await bench.say("mixed", "three"),
      await bench.say("mixed", "four"),
    ];
    await bench.post(events.toReversed());
    await bench.worker.drain();
    expect(await logOf(bench, "mixed")).toEqual(["one", "two", "three", "four"]);
  });
});
