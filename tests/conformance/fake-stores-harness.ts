import { conversationOf } from "../../src/core/ids.ts";
import { addEvent, createFakeConversationStore } from "../support/fakes/conversation-store.ts";
import { createFakeOutboxStore } from "../support/fakes/outbox-store.ts";
import { createTables } from "../support/fakes/tables.ts";
import { simulatedOrigin } from "../support/simulation/simulated-origins.ts";
import type { StoresHarness } from "./stores-harness.ts";

/** The stores in memory, with a clock that goes on by a ms at every look. */
export async function openFakeStores(): Promise<StoresHarness> {
  let now = 1_790_000_000_000;
  let lastId = 0;
  const tables = createTables(() => (now += 1));
  const origin = simulatedOrigin({ rate: { count: 3, windowMs: 60_000 } });
  const lane: StoresHarness["lane"] = (client) => ({
    tenant: origin.tenant,
    conversation: conversationOf(origin.tenant, origin.id, { kind: "client", identity: client }),
  });
  return {
    store: createFakeConversationStore({ tables }),
    outbox: createFakeOutboxStore({ tables, origins: () => [origin] }),
    origin,
    lane,
    add: async (client) => {
      lastId += 1;
      addEvent(tables, { ...lane(client), id: lastId, origin: origin.id, raw: new Uint8Array(1) });
      return String(lastId);
    },
    hasten: async () => {
      for (const row of [...tables.pending.values(), ...tables.outbox.values()].flat())
        if (row.nextAt !== null) row.nextAt = now - 1;
      for (const hold of tables.holds.values()) hold.until = now - 1;
    },
    parked: async ({ conversation }) =>
      [...tables.parked].flatMap(([id, row]) =>
        row.conversation === conversation ? [{ id: String(id), attempts: row.attempts }] : [],
      ),
    attempts: async ({ conversation }) =>
      [...tables.attempts.values()]
        .filter((row) => row.conversation === conversation)
        .toSorted((a, b) => a.seq - b.seq || a.n - b.n)
        .map(({ seq, n, outcome, settledBy }) => ({ seq: String(seq), n, outcome, settledBy })),
    parkedDeliveries: async ({ conversation }) =>
      [...tables.parkedDeliveries.keys()].filter((key) => key.startsWith(conversation)).length,
    close: async () => undefined,
  };
}
