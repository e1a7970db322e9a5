import type { Database, Statement } from "./database.ts";

/** How long a leader that is not heard of stays leader, ms. */
const leaseMs = 5_000;

const takeLead: Statement = { name: "take_lead", text: "SELECT take_lead($1, $2, $3) AS leading" };

/**
 * Asks whether this process is to do the work called `name` now; every call renews the lease.
 * Two leaders at once are possible after a pause and must do no harm.
 */
export function createLeader(
  database: Database,
  name: string,
  holder: string,
): () => Promise<boolean> {
  return async () => {
    const rows = await database.query<{ leading: boolean }>(takeLead, [name, holder, leaseMs]);
    return rows[0]?.leading ?? false;
  };
}
