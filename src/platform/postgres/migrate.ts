import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { pause } from "../../core/deadline.ts";
import { pipelineRole } from "./database.ts";

/** Any number that no other program of ours uses. */
const migrationLock = 4_839_201;
/** A blocking lock would deadlock with statements that wait for other sessions (CREATE INDEX CONCURRENTLY), so it is polled. */
const lockPollMs = 100;

/** SQLSTATE of a lock that was not to be had in time. */
const lockNotAvailable = "55P03";

export type Migrated = { readonly applied: readonly string[]; readonly pipelineRoleReady: boolean };

/**
 * Applies the migrations of `directory` that are missing, each in a transaction, in the order of their names.
 * Any number of processes may call it at once: one works, the others wait. A file that was applied must not change:
 * its SHA-256 is kept and compared.
 * @throws when PostgreSQL cannot be reached, a migration fails, or an applied file was changed.
 */
export async function migrate(url: string, directory: string): Promise<Migrated> {
  const client = new pg.Client({
    connectionString: url,
    application_name: "hookdesk-migrate",
    connectionTimeoutMillis: 5_000,
  });
  client.on("error", () => undefined);
  await client.connect();
  try {
    await lock(client);
    const applied = await applyMissing(client, directory);
    return { applied, pipelineRoleReady: await preparePipelineRole(client) };
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function lock(client: pg.Client): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ locked: boolean }>(
      "SELECT pg_try_advisory_lock($1) AS locked",
      [migrationLock],
    );
    if (rows[0]?.locked === true) return;
    await pause(lockPollMs);
  }
}

async function applyMissing(client: pg.Client, directory: string): Promise<readonly string[]> {
  await client.query(
    "CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())",
  );
  const { rows } = await client.query<{ name: string; sha256: string }>(
    "SELECT name, sha256 FROM migrations",
  );
  const known = new Map(rows.map((row) => [row.name, row.sha256]));
  const applied: string[] = [];
  for (const name of (await readdir(directory))
    .filter((file) => /^\d{6}_.*\.sql$/.test(file))
    .sort()) {
    const text = await readFile(join(directory, name), "utf8");
    const sha256 = new Bun.CryptoHasher("sha256").update(text).digest("hex");
    const before = known.get(name);
    if (before !== undefined && before !== sha256)
      throw new Error(`migration ${name} was changed after it was applied`);
    if (before !== undefined) continue;
    await applyOne(client, { name, text, sha256 });
    applied.push(name);
  }
  return applied;
}

async function applyOne(
  client: pg.Client,
  file: { name: string; text: string; sha256: string },
): Promise<void> {
  await client.query("BEGIN");
  try {
    await client.query(file.text);
    await client.query("INSERT INTO migrations (name, sha256) VALUES ($1, $2)", [
      file.name,
      file.sha256,
    ]);
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw new Error(`migration ${file.name} failed`, { cause: error });
  }
}

/** A start does not wait for those who read the journal; its keeper makes the partitions later. */
async function prepareJournal(client: pg.Client): Promise<void> {
  try {
    await client.query("SELECT prepare_journal(7)");
  } catch (error) {
    if (!(error instanceof pg.DatabaseError && error.code === lockNotAvailable)) throw error;
  }
}

/** Without the role work goes on as the owner, and `/health` says so: the walls between tenants are then the functions' alone. */
async function preparePipelineRole(client: pg.Client): Promise<boolean> {
  await client.query("SELECT close_to_public()");
  const probe = await client.query<{ ready: boolean }>("SELECT grant_to_pipeline() AS ready");
  await prepareJournal(client);
  if (probe.rows[0]?.ready !== true) return false;
  return client.query(`SET ROLE ${pipelineRole}`).then(
    () => true,
    () => false,
  );
}
