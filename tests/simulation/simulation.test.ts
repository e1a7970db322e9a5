import { describe, expect, test } from "bun:test";
import { originId } from "../../src/core/ids.ts";
import { runInbound } from "./inbound-run.ts";
import { runOrders } from "./orders-run.ts";
import { runBacklog, runOutbound, usedShare } from "./outbound-run.ts";
import { runPipeline } from "./pipeline-run.ts";
import { forEachSeed } from "./seeds.ts";

/** Generous, because machines of CI are slow: the runs themselves take milliseconds. */
const limitMs = 300_000;

describe("whatever is lost, late, killed, stopped or emptied", () => {
  test(
    "every acknowledged event is applied once and in order, on the state before it, or is poison and parked",
    () => {
      let applied = 0;
      forEachSeed(1_000, (seed) => {
        applied += runInbound(seed).appliedCount();
      });
      expect(applied).toBeGreaterThan(0);
    },
    limitMs,
  );

  test(
    "every reply is delivered once and in order, within its account's limit, or its doubt is on record",
    () => {
      let accepted = 0;
      forEachSeed(1_200, (seed) => {
        accepted += runOutbound(seed).acceptedCount();
      });
      expect(accepted).toBeGreaterThan(0);
    },
    limitMs,
  );

  test(
    "from a client's message to its answer nothing is lost, doubled or taken for somebody else's",
    () => {
      let accepted = 0;
      forEachSeed(500, (seed) => {
        accepted += runPipeline(seed).acceptedCount();
      });
      expect(accepted).toBeGreaterThan(0);
    },
    limitMs,
  );

  test(
    "orders, answers, sessions and deadlines are what the pure machine makes of the same messages",
    () => {
      const seen = { orders: 0, expired: 0 };
      forEachSeed(500, (seed) => {
        const { orders, expired } = runOrders(seed);
        seen.orders += orders;
        seen.expired += expired;
      });
      expect(seen.orders + seen.expired).toBeGreaterThan(0);
    },
    limitMs,
  );
});

describe("while nothing goes wrong", () => {
  test("95 % of a limit is used as long as there is a backlog", () => {
    const history = runBacklog(1);
    expect(usedShare(history, originId(3))).toBeGreaterThan(0.95);
  });

  test("the same seed gives the same run", () => {
    const arrivals = () => runOutbound(7).arrivals(originId(1));
    expect(arrivals()).toEqual(arrivals());
  });
});
