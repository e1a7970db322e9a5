import pg from "pg";

/**
 * What a failed statement means to its caller.
 * `refused`: the server judged the data; it rolled back, and the same data will be refused again.
 * `conflict`: rolled back, may succeed as it is (deadlock, serialization).
 * `unknown`: no judgement of the data came: the connection broke, time ran out, the server is going away or speaks another schema
 * than we do (a deployment in progress). It may have been committed.
 */
export type StatementFailure = "refused" | "conflict" | "unknown";

/** Sorts by SQLSTATE class (https://www.postgresql.org/docs/15/errcodes-appendix.html). */
export function classifyFailure(error: unknown): StatementFailure {
  if (!(error instanceof pg.DatabaseError) || error.code === undefined) return "unknown";
  const sqlState = error.code;
  if (sqlState === "40001" || sqlState === "40P01") return "conflict";
  return /^(21|22|23|54|P0)/.test(sqlState) ? "refused" : "unknown";
}
