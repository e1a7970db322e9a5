import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createTimers } from "../../../src/conversation/keeper.ts";
import { createLogger } from "../../../src/platform/telemetry/logger.ts";
import { eventually } from "../../support/eventually.ts";
import { openWorkbench, type Workbench } from "../../support/workbench.ts";
import { applied, noTickets, versionOf } from "./scene.ts";

const sessionSilenceMs = 400;
const dialogSilenceMs = 900;

let bench: Workbench;
let stopTimers: () => Promise<void>;
beforeAll(async () => {
  bench = await openWorkbench({ sessionSilenceMs, dialogSilenceMs });
  const timers = createTimers({
    lanes: bench.lanes,
    tickets: noTickets,
    logger: createLogger("silent", "test"),
    store: bench.store,
    leads: async () => true,
  });
  await timers.start();
  stopTimers = timers.stop;
});
afterAll(async () => {
  await stopTimers();
  await bench.close();
});

/** Works, as any worker would, until a look finds what was awaited. */
async function workedUntil<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  return eventually(what, async () => {
    await bench.worker.drain();
    return look();
  });
}

type Outcome = {
  readonly completed: boolean;
  readonly reason: string;
  readonly dropoff_state: string;
  readonly total_messages: number;
  readonly lasted_ms: number;
};

const outcomeOf = async (client: string) => {
  const [outcome] = await bench.database.rows<Outcome>(
    "SELECT completed, reason, dropoff_state, total_messages, extract(epoch FROM ended_at - started_at)::float * 1000 AS lasted_ms FROM dialog_outcomes WHERE conv = $1",
    [bench.conversation(client)],
  );
  return outcome;
};

describe("with nobody writing", () => {
  test("a session ends by the timer, at its deadline", async () => {
    await applied(bench, "session", ["hello"]);
    const [session] = await workedUntil("the session has ended", async () => {
      const rows = await bench.database.rows<{ lasted_ms: number; owner: string }>(
        "SELECT owner, extract(epoch FROM ended_at - started_at)::float * 1000 AS lasted_ms FROM sessions WHERE conv = $1 AND ended_at IS NOT NULL",
        [bench.conversation("session")],
      );
      return rows.length === 0 ? undefined : rows;
    });
    expect(session?.owner).toBe("bot");
    expect(session?.lasted_ms).toBeCloseTo(sessionSilenceMs, 0);
  });

  test("a run expires by the timer, and its outcome says so and where", async () => {
    await applied(bench, "run", ["hello", "221B Baker Street"]);
    const outcome = await workedUntil("the run has expired", () => outcomeOf("run"));
    expect(outcome).toMatchObject({
      completed: false,
      reason: "expired",
      dropoff_state: "WAITING_PHONE",
      total_messages: 2,
    });
    expect(outcome.lasted_ms).toBeGreaterThanOrEqual(dialogSilenceMs);
  });

  test("nothing is sent, and after the last deadline nothing is left to wake anybody", async () => {
    await applied(bench, "quiet", ["hello"]);
    await workedUntil("the run has expired", () => outcomeOf("quiet"));
    expect(
      await bench.database.count("SELECT count(*) FROM timers WHERE conv = $1", [
        bench.conversation("quiet"),
      ]),
    ).toBe(0);
    expect(
      await bench.database.count("SELECT count(*) FROM outbox WHERE conv = $1", [
        bench.conversation("quiet"),
      ]),
    ).toBe(1);
    const version = await versionOf(bench, "quiet");
    await bench.lanes.wake([
      { tenant: bench.origin.tenant, conversation: bench.conversation("quiet") },
    ]);
    await bench.worker.drain();
    expect(await versionOf(bench, "quiet")).toBe(version);
  });

  test("the next message after the expiry begins a new session and a new run", async () => {
    await applied(bench, "return", ["hello"]);
    await workedUntil("the run has expired", () => outcomeOf("return"));
    await applied(bench, "return", ["hello again"]);
    const [row] = await bench.database.rows<{
      state: { run: { number: number }; sessions: { count: number } };
    }>("SELECT state FROM conversations WHERE conv = $1", [bench.conversation("return")]);
    expect(row?.state.run.number).toBe(2);
    expect(row?.state.sessions.count).toBe(2);
  });

  test("deadlines fire also when Redis has forgotten the conversation", async () => {
    await applied(bench, "forgotten", ["hello"]);
    await bench.redis.raw.del(`${bench.prefix}state:${bench.conversation("forgotten")}`);
    expect(await workedUntil("the run has expired", () => outcomeOf("forgotten"))).toMatchObject({
      dropoff_state: "WAITING_ADDRESS",
    });
  });
});
