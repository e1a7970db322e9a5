import type { FreshEvent } from "../../../src/journal/journal.ts";
import { createParking, type Parking } from "../../../src/parking/parking.ts";
import { createParkingStore, type ParkedItem } from "../../../src/parking/store.ts";
import type { Database } from "../../../src/platform/postgres/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { orderDialog } from "../../../src/dialog/flows/order/order.ts";
import { explosive, type Workbench } from "../../support/workbench.ts";

/** The operations on parked work, whose wake-ups a test makes itself. */
export function parkingWithoutWaking(pipeline: Database): Parking {
  return createParking({
    store: createParkingStore(pipeline),
    wakeLanes: async () => undefined,
    announce: async () => undefined,
    deliveryDeadlineMs: 86_400_000,
  });
}

/** A message that the bench's dialog cannot bear, parked by its last attempt. */
export async function parkMessage(bench: Workbench, client: string): Promise<FreshEvent> {
  const event = await bench.say(client, explosive);
  await bench.database.rows("UPDATE pending SET attempts = 4 WHERE id = $1", [event.id]);
  await drainFor(bench, [client]);
  return event;
}

/** Lets a worker do what there is for these clients, as after a wake-up. */
export async function drainFor(
  bench: Workbench,
  clients: readonly string[],
  worker = bench.worker,
): Promise<void> {
  await bench.lanes.wake(
    clients.map((client) => ({
      tenant: bench.origin.tenant,
      conversation: bench.conversation(client),
    })),
  );
  await worker.drain();
}

/** A worker of the version in which the dialog was mended. */
export function mendedWorker(bench: Workbench) {
  return bench.newWorker({ dialog: orderDialog });
}

/** The texts of a client's messages in the order in which they were applied. */
export async function applied(bench: Workbench, client: string): Promise<readonly string[]> {
  const rows = await bench.database.rows<{ text: string }>(
    "SELECT text FROM message_logs WHERE conv = $1 ORDER BY seq",
    [bench.conversation(client)],
  );
  return rows.map((row) => row.text);
}

/** Everything that is parked. */
export async function allParked(parking: Parking): Promise<readonly ParkedItem[]> {
  return (await parking.list({}, 1_000)).items;
}

/** The only piece of parked work there is. */
export async function onlyParked(parking: Parking): Promise<ParkedItem> {
  const [item, ...others] = await allParked(parking);
  if (item === undefined || others.length > 0) throw new Error("one piece should be parked");
  return item;
}

/** Version of a conversation. */
export function versionOf(database: TestDatabase, conversation: string): Promise<number> {
  return database.count("SELECT version FROM conversations WHERE conv = $1", [conversation]);
}
