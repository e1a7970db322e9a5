import { describeError } from "../core/errors.ts";
import { type Periodic, periodic } from "../core/service.ts";
import type { Database, Statement } from "../platform/postgres/database.ts";
import type { Logger } from "../platform/telemetry/logger.ts";

const everyMs = 3_600_000;
/** Soon again while PostgreSQL is away, ms. */
const retryMs = 30_000;
const daysAhead = 7;

const prepareJournal: Statement = {
  name: "prepare_journal",
  text: "SELECT prepare_journal($1) AS made",
};

/** Keeps the journal's partitions of the coming week in place. Without it events go to the default partition, which is slower to drop. */
export function createPartitionKeeper(parts: {
  readonly database: Database;
  readonly leads: () => Promise<boolean>;
  readonly logger: Logger;
}): Periodic {
  return periodic({
    name: "journal partitions",
    pauseMs: retryMs,
    onError: (error) =>
      parts.logger.warn("journal partitions could not be prepared", {
        error: describeError(error),
      }),
    run: async () => {
      if (!(await parts.leads())) return retryMs;
      await parts.database.query(prepareJournal, [daysAhead]);
      return everyMs;
    },
  });
}
