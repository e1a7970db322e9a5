import { readdir } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { migrate } from "../../src/platform/postgres/migrate.ts";
import { testDatabaseUrl } from "./services.ts";

/** A database of a test's own, made from a migrated template; the connection here is the owner's and sees every tenant. */
export type TestDatabase = {
  readonly url: string;
  readonly rows: <Row extends pg.QueryResultRow>(
    sql: string,
    values?: readonly unknown[],
  ) => Promise<Row[]>;
  /** The first column of the first row, as a number. */
  readonly count: (sql: string, values?: readonly unknown[]) => Promise<number>;
  readonly drop: () => Promise<void>;
};

export const migrationsFolder = join(import.meta.dir, "..", "..", "migrations");
const templateLock = 77_001;
let template: Promise<string> | null = null;

/** Makes a database; `migrated: false` leaves it empty. */
export async function createTestDatabase(
  options: { readonly migrated?: boolean } = {},
): Promise<TestDatabase> {
  const name = `test_${crypto.randomUUID().replaceAll("-", "")}`;
  template ??= prepareTemplate();
  const from = options.migrated === false ? "template0" : await template;
  await asAdmin((admin) => admin.query(`CREATE DATABASE ${name} TEMPLATE ${from}`));
  const url = urlOf(name);
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  pool.on("error", () => undefined);
  return {
    url,
    rows: async (sql, values = []) => (await pool.query(sql, [...values])).rows,
    count: async (sql, values = []) => {
      const { rows } = await pool.query(sql, [...values]);
      return Number(Object.values(rows[0] ?? { none: 0 })[0]);
    },
    drop: async () => {
      await pool.end();
      await asAdmin((admin) => admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    },
  };
}

async function prepareTemplate(): Promise<string> {
  const name = `hookdesk_template_${await migrationsHash()}`;
  await asAdmin(async (admin) => {
    await admin.query("SELECT pg_advisory_lock($1)", [templateLock]);
    const known = await admin.query("SELECT FROM pg_database WHERE datname = $1", [name]);
    if (known.rowCount === 0) {
      await admin.query(`CREATE DATABASE ${name}`);
      await migrate(urlOf(name), migrationsFolder);
    }
  });
  return name;
}

/** A template of other migrations must not be used when they are edited between two runs on the same server. */
async function migrationsHash(): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256");
  for (const file of (await readdir(migrationsFolder)).toSorted())
    hash.update(await Bun.file(join(migrationsFolder, file)).text());
  return hash.digest("hex").slice(0, 12);
}

async function asAdmin<T>(work: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client({ connectionString: testDatabaseUrl });
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}

function urlOf(database: string): string {
  const url = new URL(testDatabaseUrl);
  url.pathname = `/${database}`;
  return url.href;
}
