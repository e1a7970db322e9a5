import { describeError } from "../core/errors.ts";
import { type Periodic, periodic } from "../core/service.ts";
import type { Database, Statement } from "../platform/postgres/database.ts";
import type { Logger } from "../platform/telemetry/logger.ts";

const everyMs = 3_600_000;
/** Soon again while PostgreSQL is away, somebody reads the journal, or an old event is not applied yet, ms. */
const retryMs = 60_000;

/** One day in each call: years that were kept so far do not become one long transaction. */
const dropOldestDay: Statement = {
  name: "drop_oldest_journal_day",
  text: `SELECT day::text, drop_journal_before(day + 1)::int AS events FROM oldest_journal_day() AS day
         WHERE day < (now() AT TIME ZONE 'UTC')::date - $1::int`,
};

type Dropped = { readonly day: string; readonly events: number };

/**
 * Drops the raw bytes of what platforms sent when they are older than so many full days. Their keys, their effects and their counts
 * stay: a copy is still recognised, the ledger still balances. A day with an event that is not applied is kept until it is.
 */
export function createJournalRetention(parts: {
  /** Counting a day may take long, and no other work may wait behind it. */
  readonly database: Database;
  readonly leads: () => Promise<boolean>;
  readonly logger: Logger;
  readonly days: number;
}): Periodic {
  return periodic({
    name: "journal retention",
    pauseMs: retryMs,
    onError: (error) =>
      parts.logger.warn("an old day of the journal could not be dropped", {
        error: describeError(error),
      }),
    run: async () => {
      if (!(await parts.leads())) return retryMs;
      const [dropped] = await parts.database.query<Dropped>(dropOldestDay, [parts.days]);
      if (dropped === undefined) return everyMs;
      parts.logger.info("an old day of the journal was dropped", { ...dropped });
      return 0;
    },
  });
}
