import { type LedgerLine, readLedger } from "../../../src/ledger/ledger.ts";
import type { Database } from "../../../src/platform/postgres/database.ts";
import { clientMessage, type PlainEvent, type Workbench } from "../../support/workbench.ts";

/** The only line of a ledger with one origin. */
export async function lineOf(database: Database): Promise<LedgerLine> {
  const [line, ...others] = await readLedger(database, {});
  if (line === undefined || others.length > 0) throw new Error("there should be one origin");
  return line;
}

/** A message of a client as its channel reads it, under a key that the test chooses. */
export function message(key: string, client: string, text = "hello"): PlainEvent {
  return { key, client, event: clientMessage(key, text) };
}

/** One event that changes nothing, stored as the ingress stores it. */
export async function storeIgnored(bench: Workbench, key: string): Promise<void> {
  const raw = new TextEncoder().encode("{}");
  const read = { key: { bucket: 0, key }, ignored: "a test" } as const;
  await bench.journal.store({ origin: bench.origin, raw, events: [read] });
}

/** Moves everything that was received so far some days into the past, as if the system had run since then. */
export async function age(bench: Workbench, days: number): Promise<void> {
  const values = [days];
  const shifted = "received_at - $1 * interval '1 day'";
  await bench.database.rows(
    `UPDATE journal SET received_at = ${shifted}, day = ((${shifted}) AT TIME ZONE 'UTC')::date`,
    values,
  );
  await bench.database.rows(`UPDATE parked SET received_at = ${shifted}`, values);
  await bench.database.rows("UPDATE pending SET at = at - $1 * interval '1 day'", values);
}

/** Makes the partition of a day that lies so many days back. */
export async function partitionOf(bench: Workbench, daysAgo: number): Promise<string> {
  const [row] = await bench.database.rows<{ name: string }>(
    "SELECT 'journal_' || to_char((now() AT TIME ZONE 'UTC')::date - $1::int, 'YYYYMMDD') AS name",
    [daysAgo],
  );
  const name = row?.name ?? "";
  const day = name.slice("journal_".length);
  await bench.database.rows(
    `CREATE TABLE ${name} PARTITION OF journal FOR VALUES FROM ('${day}') TO ('${dayAfter(day)}')`,
  );
  return name;
}

function dayAfter(compact: string): string {
  const day = `${compact.slice(0, 4)}-${compact.slice(4, 6)}-${compact.slice(6)}`;
  return new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);
}

/** Whether a table is there. */
export async function exists(bench: Workbench, table: string): Promise<boolean> {
  return (await bench.database.count("SELECT (to_regclass($1) IS NOT NULL)::int", [table])) === 1;
}
