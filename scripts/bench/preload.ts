import pg from "pg";
import { until } from "../services/until.ts";
import { messageId } from "./load/webhook.ts";
import type { FreshStores } from "./stores.ts";

/** The client whose conversation is copied, alone in the database, and the clients whose conversations the copies become. */
export type Preload = {
  readonly template: number;
  readonly first: number;
  readonly count: number;
};

type Column = { readonly table: string; readonly column: string };

/** Tables that describe the installation, not its conversations. */
const installation = ["tenants", "origins", "origin_connections"];
const restDeadlineMs = 15_000;
/** Digits of a message's id in its event's key. */
const keyDigits = 20;
/** Deadlines come one after another, not all at once. */
const dueApart = "interval '50 ms'";

/**
 * Fills the tables as if every client had said what the template's client said: each row that the real code left behind is copied
 * for each of them, with its own ids, so that this follows the tables when they change. A new column that must be unique makes it fail.
 */
export async function preload({ sql }: FreshStores, wanted: Preload): Promise<void> {
  await until(() => atRest(sql), { deadlineMs: restDeadlineMs });
  const ground = await groundOf(sql, wanted.template);
  const columns = await columnsOfFilledTables(sql);
  for (const [table, own] of Map.groupBy(columns, (column) => column.table))
    await sql.query(copyStatement(table, own, { ...wanted, ...ground }));
  await sql.query("SELECT setval('journal_id_seq', $1)", [ground.last + wanted.count]);
  await sql.query("VACUUM (ANALYZE)");
  await sql.query("CHECKPOINT");
}

/** The outcome of the last reply is recorded a moment after it arrived. */
async function atRest(sql: pg.Client): Promise<true | undefined> {
  const open = await sql.query("SELECT FROM pending UNION ALL SELECT FROM outbox LIMIT 1");
  return open.rowCount === 0 ? true : undefined;
}

/** Whose conversations they are, and the last id of the journal. */
type Ground = { readonly tenant: number; readonly origin: number; readonly last: number };

async function groundOf(sql: pg.Client, template: number): Promise<Ground> {
  const { rows } = await sql.query<Ground & { readonly conv: string }>(
    `SELECT tenant_id AS tenant, origin_id AS origin, conv, (SELECT last_value::int FROM journal_id_seq) AS last
     FROM conversations`,
  );
  const [ground] = rows;
  if (ground === undefined || rows.length > 1) throw new Error("there is not one template");
  const made = await sql.query<{ conv: string }>(
    `SELECT ${conversationId(String(template), ground)} AS conv`,
  );
  if (made.rows[0]?.conv === ground.conv) return ground;
  throw new Error("conversations have other ids than scripts/bench/preload.ts gives them");
}

/** The id of a client's conversation in SQL, as src/core/ids.ts makes it. */
function conversationId(client: string, { tenant, origin }: Ground): string {
  const parts = [`'${tenant}'`, `'${origin}'`, "'c'", `${client}::text`];
  const named = parts.map((part) => `convert_to(${part}, 'UTF8')`).join(" || '\\x00'::bytea || ");
  return `encode(substring(sha256(${named}) FOR 16), 'hex')::uuid`;
}

async function columnsOfFilledTables(sql: pg.Client): Promise<readonly Column[]> {
  const { rows } = await sql.query<Column>(
    `SELECT c.relname AS table, a.attname AS column
     FROM pg_class c
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
       AND c.relname <> ALL ($1)
       AND EXISTS (SELECT FROM pg_attribute o WHERE o.attrelid = c.oid AND o.attname = 'tenant_id')
     ORDER BY c.relname, a.attnum`,
    [installation],
  );
  const filled = new Set<string>();
  for (const table of new Set(rows.map((row) => row.table))) {
    const found = await sql.query(`SELECT FROM ${pg.escapeIdentifier(table)} LIMIT 1`);
    if (found.rowCount === 1) filled.add(table);
  }
  return rows.filter((row) => filled.has(row.table));
}

function copyStatement(
  table: string,
  columns: readonly Column[],
  wanted: Preload & Ground,
): string {
  const names = columns.map(({ column }) => pg.escapeIdentifier(column));
  const values = columns.map(({ column }) => copiedValue(column, wanted));
  const quoted = pg.escapeIdentifier(table);
  const end = wanted.first + wanted.count - 1;
  return `INSERT INTO ${quoted} (${names.join(", ")})
    SELECT ${values.join(", ")}
    FROM ${quoted} t CROSS JOIN generate_series(${wanted.first}::bigint, ${end}::bigint) AS client`;
}

/** A column's value in the copy for `client`; what is the client's own is made anew. */
function copiedValue(column: string, wanted: Preload & Ground): string {
  const own = `t.${pg.escapeIdentifier(column)}`;
  const nth = `(client - ${wanted.first})`;
  const theirs = `'${messageId(wanted.template, 0)}'`;
  const copied = `(${messageId(1, 0)} * client)::text`;
  switch (column) {
    case "conv":
      return conversationId("client", wanted);
    case "identity":
    case "client_id":
      return "client::text";
    case "id":
    case "event_id":
      return `${wanted.last} + 1 + ${nth}`;
    case "message_id":
      return `CASE WHEN ${own} = ${theirs} THEN ${copied} ELSE ${own} || '-' || client END`;
    case "key":
      return `replace(${own}, lpad(${theirs}, ${keyDigits}, '0'), lpad(${copied}, ${keyDigits}, '0'))`;
    case "due_at":
      return `${own} + ${nth} * ${dueApart}`;
    default:
      return own;
  }
}
