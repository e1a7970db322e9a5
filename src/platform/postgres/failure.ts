import pg from "pg";

/**
 * What a failed statement means to its caller.
 * `refused`: the server judged the data; it rolled back, and the same data will be refused again.
 * `conflict`: rolled back, may succeed as it is (deadlock, serialization).
 * `unknown`: no judgement came: the connection broke, time ran out or the server is going away; it may have been committed.
 */
export type StatementFailure = "refused" | "conflict" | "unknown";

/** Sorts by SQLSTATE class (https://www.postgresql.org/docs/15/errcodes-appendix.html). */
export function classifyFailure(error: unknown): StatementFailure {
  if (!(error instanceof pg.DatabaseError) || error.code === undefined) return "unknown";
  const sqlState = error.code;
  if (sqlState === "40001" || sqlState === "40P01") return "conflict";
  return /^(22|23|42|P0|0A|21|54)/.test(sqlState) ? "refused" : "unknown";
}
