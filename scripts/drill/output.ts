import type pg from "pg";
import type { LedgerLine, Logged, Order, Output, Reply } from "./histories.ts";

/** What came out, read when everything rests: the rows that people see. `account` is the origin's key, as on the platform. */
const queries = {
  logs: `SELECT o.origin_key AS account, l.client_id AS client, l.message_id AS message, l.event_id::text AS event,
           l.seq::float8 AS seq, l.dialog_state_before AS before, l.dialog_state AS after
         FROM message_logs l JOIN origins o USING (tenant_id, origin_id)`,
  replies: `SELECT d.tenant_id || '-' || d.conv || '-' || d.seq AS delivery, o.origin_key AS account, c.identity AS client,
              m.event_id::text AS event, d.seq::float8 AS seq,
              -- Given up as unknown, whatever a late answer told of it afterwards.
              CASE WHEN d.status = 'rejected' AND EXISTS (
                SELECT FROM attempts a WHERE a.tenant_id = d.tenant_id AND a.conv = d.conv AND a.seq = d.seq
                  AND a.n = d.attempts AND a.settled_by = 'late_answer') THEN 'unknown' ELSE d.status END AS status
            FROM deliveries d
            JOIN messages m USING (tenant_id, conv, seq)
            JOIN conversations c USING (tenant_id, conv)
            JOIN origins o ON o.tenant_id = d.tenant_id AND o.origin_id = d.origin_id`,
  orders: `SELECT o.origin_key AS account, r.chat2desk_client_id AS client, r.delivery_address AS address,
             r.client_phone AS phone, r.quantity
           FROM orders r
           JOIN conversations c USING (tenant_id, conv)
           JOIN origins o ON o.tenant_id = c.tenant_id AND o.origin_id = c.origin_id`,
  parked: `SELECT o.origin_key AS account, coalesce(convert_from(p.raw, 'UTF8')::json ->> 'message_id', '') AS message
           FROM parked p JOIN origins o USING (tenant_id, origin_id)`,
  ledger: `SELECT split_part(origin, '/', 2) AS account, received::int, applied::int, duplicate::int, ignored::int,
             parked::int, discarded::int, pending::int
           FROM ledger(NULL, NULL)`,
  open: "SELECT (SELECT count(*)::int FROM pending) AS pending, (SELECT count(*)::int FROM outbox) AS outbox",
} as const;

type Open = Output["open"];

/** Reads everything that the checker needs to know of the system. */
export async function readOutput(client: pg.Client): Promise<Output> {
  const logs = await client.query<Logged>(queries.logs);
  const replies = await client.query<Reply>(queries.replies);
  const orders = await client.query<Order>(queries.orders);
  const parked = await client.query<{ account: string; message: string }>(queries.parked);
  const ledger = await client.query<LedgerLine>(queries.ledger);
  return {
    ledger: ledger.rows,
    logs: logs.rows,
    replies: replies.rows,
    orders: orders.rows,
    parked: parked.rows,
    open: await readOpen(client),
  };
}

/** How much work is open. */
export async function readOpen(client: pg.Client): Promise<Open> {
  const { rows } = await client.query<Open>(queries.open);
  return rows[0] ?? { pending: 0, outbox: 0 };
}
