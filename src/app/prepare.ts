import { join } from "node:path";
import { pause } from "../core/deadline.ts";
import { describeError } from "../core/errors.ts";
import { createDatabase } from "../platform/postgres/database.ts";
import { migrate } from "../platform/postgres/migrate.ts";
import type { LogFields, Logger } from "../platform/telemetry/logger.ts";
import type { Accounts } from "../tenants/accounts.ts";
import { saveDefaultOrigin } from "../tenants/default-origin.ts";
import type { Config } from "./config.ts";
import type { Foundation } from "./foundation.ts";

const migrations = join(import.meta.dir, "..", "..", "migrations");
/** How soon PostgreSQL is tried again when it is not there yet, ms. */
const retryMs = 1_000;
const ownerStatementMs = 10_000;

export type Prepared = { readonly restricted: boolean };

export type Preparing = {
  /** Ends the tries. */
  readonly stopped: () => boolean;
  /** Told once, when the first try has failed: it may take long. */
  readonly onWait: () => void;
};

/**
 * Migrates and writes the default origin; tries again for ever while PostgreSQL is away, so that the order in which things are
 * started does not matter. Resolves with null when `stopped` says so first.
 */
export async function prepare(
  { config, logger }: Pick<Foundation, "config" | "logger">,
  accounts: Accounts,
  { stopped, onWait }: Preparing,
): Promise<Prepared | null> {
  let said: string | null = null;
  while (!stopped()) {
    try {
      return await prepareOnce(config, logger, accounts);
    } catch (error) {
      // Said once for each reason: PostgreSQL may come back with a wrong password, or with a migration that fails.
      const reason = reasonOf(error);
      if (said === null) onWait();
      if (said !== JSON.stringify(reason))
        logger.warn("not ready yet: PostgreSQL could not be prepared", reason);
      said = JSON.stringify(reason);
      await pause(retryMs);
    }
  }
  return null;
}

function reasonOf(error: unknown): LogFields {
  const cause = error instanceof Error ? error.cause : undefined;
  return {
    error: describeError(error),
    cause: cause === undefined ? undefined : describeError(cause),
  };
}

async function prepareOnce(config: Config, logger: Logger, accounts: Accounts): Promise<Prepared> {
  const { applied, pipelineRoleReady } = await migrate(config.databaseUrl, migrations);
  if (applied.length > 0) logger.info("migrated", { migrations: applied.join(" ") });
  if (!pipelineRoleReady) logger.warn(roleWarning);
  if (config.defaultOrigin !== null) {
    const owner = createDatabase({
      url: config.databaseUrl,
      connectionsMax: 1,
      statementTimeoutMs: ownerStatementMs,
      name: "hookdesk-owner",
      restricted: false,
      logger,
    });
    await saveDefaultOrigin(owner, config.defaultOrigin, accounts).finally(() => owner.close());
  }
  return { restricted: pipelineRoleReady };
}

export const roleWarning =
  "The role hookdesk_app cannot be used, so the pipeline works as the owner: row-level security does not back up the application's own conditions.";
