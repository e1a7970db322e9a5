import pg from "pg";
import { describeError } from "../../core/errors.ts";
import type { Logger } from "../telemetry/logger.ts";

/** The role the pipeline works as: it sees one tenant, and mixes them only inside the migrations' own functions. */
export const pipelineRole = "hookdesk_app";

export type DatabaseOptions = {
  readonly url: string;
  readonly connectionsMax: number;
  /** Longest time of one statement on the server, ms; the client gives up shortly after. */
  readonly statementTimeoutMs: number;
  /** Shown by `pg_stat_activity`. */
  readonly name: string;
  /** Whether to work as `pipelineRole`; false only for migrations and where the role cannot be had. */
  readonly restricted: boolean;
  readonly logger: Logger;
};

/** A statement with a name, so that PostgreSQL parses and plans it once per connection. */
export type Statement = { readonly name: string; readonly text: string };

/** A pool of connections. Every call is one statement and so one transaction. */
export type Database = {
  readonly query: <Row>(
    statement: Statement,
    values: readonly unknown[],
  ) => Promise<readonly Row[]>;
  /** Lends one connection for work that needs several statements on it (locks, migrations). */
  readonly lend: <T>(work: (client: pg.PoolClient) => Promise<T>) => Promise<T>;
  readonly close: () => Promise<void>;
};

/** How much longer than the server's own limit the client waits before it drops the connection. */
const clientGraceMs = 100;

/**
 * The address with our settings in it, because what an address says wins over everything beside it: an `options` of its own would
 * otherwise silently take the role away, and with it the walls between tenants. Ours come last and so win.
 */
function addressOf({ url, restricted, statementTimeoutMs, name }: DatabaseOptions): string {
  const address = new URL(url);
  const given = address.searchParams.get("options");
  const role = restricted ? `-c role=${pipelineRole}` : null;
  const together = [given, role].filter((option) => option !== null).join(" ");
  if (together !== "") address.searchParams.set("options", together);
  for (const ours of ["query_timeout", "connect_timeout"]) address.searchParams.delete(ours);
  address.searchParams.set("statement_timeout", String(statementTimeoutMs));
  address.searchParams.set("application_name", name);
  return address.href;
}

/** Opens nothing yet: connections are made when the first statement needs one, and again after every loss. */
export function createDatabase(options: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: addressOf(options),
    max: options.connectionsMax,
    application_name: options.name,
    statement_timeout: options.statementTimeoutMs,
    query_timeout: options.statementTimeoutMs + clientGraceMs,
    connectionTimeoutMillis: options.statementTimeoutMs,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
  });
  // Without a listener a connection that dies while idle would end the process.
  pool.on("error", (error) =>
    options.logger.warn("postgres connection lost", { error: describeError(error) }),
  );
  return {
    query: async (statement, values) => {
      const result = await pool.query({
        name: statement.name,
        text: statement.text,
        values: [...values],
      });
      return result.rows;
    },
    lend: async (work) => {
      const client = await pool.connect();
      try {
        const result = await work(client);
        client.release();
        return result;
      } catch (error) {
        client.release(true);
        throw error;
      }
    },
    close: () => pool.end(),
  };
}
