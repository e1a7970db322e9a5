import { createOutboxStore } from "../../src/outbox/store.ts";
import { openWorkbench } from "../support/workbench.ts";
import type { AttemptSeen, StoresHarness } from "./stores-harness.ts";

/** The stores on a database of their own. */
export async function openRealStores(): Promise<StoresHarness> {
  const bench = await openWorkbench();
  const { database, origins } = bench;
  await database.rows("UPDATE origins SET rate_count = 3, rate_window_ms = 60000");
  await origins.refresh();
  const origin = origins.byId(bench.origin.id) ?? bench.origin;
  return {
    store: bench.store,
    outbox: createOutboxStore(bench.pipeline),
    origin,
    lane: (client) => ({ tenant: origin.tenant, conversation: bench.conversation(client) }),
    add: async (client) => (await bench.say(client, "hello")).id,
    hasten: async () => {
      const past = "now() - interval '1 ms'";
      await database.rows(`UPDATE pending SET next_at = ${past} WHERE next_at IS NOT NULL`);
      await database.rows(`UPDATE outbox SET next_at = ${past} WHERE next_at IS NOT NULL`);
      await database.rows(`UPDATE holds SET until = ${past}`);
    },
    parked: ({ conversation }) =>
      database.rows("SELECT id::text, attempts::int FROM parked WHERE conv = $1 ORDER BY id", [
        conversation,
      ]),
    attempts: ({ conversation }) =>
      database.rows<AttemptSeen>(
        `SELECT seq::text, n, outcome, settled_by AS "settledBy" FROM attempts WHERE conv = $1 ORDER BY seq, n`,
        [conversation],
      ),
    parkedDeliveries: ({ conversation }) =>
      database.count("SELECT count(*) FROM parked_deliveries WHERE conv = $1", [conversation]),
    close: bench.close,
  };
}
