import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { cp, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { migrate } from "../../../src/platform/postgres/migrate.ts";
import { createTestDatabase, migrationsFolder, type TestDatabase } from "../../support/database.ts";
import { dumpSchema } from "../../support/schema-dump.ts";

let database: TestDatabase;
let folder: string;
beforeEach(async () => {
  database = await createTestDatabase({ migrated: false });
  folder = await mkdtemp(join(tmpdir(), "hookdesk-migrations-"));
});
afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const files = async () =>
  (await readdir(migrationsFolder)).filter((name) => /^\d{6}_/.test(name)).toSorted();

/** Stores events one after another until `work` is done; resolves with the longest time that one took, ms. */
async function slowestIngestMs(work: Promise<unknown>): Promise<number> {
  let done = false;
  void work.finally(() => {
    done = true;
  });
  let slowest = 0;
  while (!done) {
    const begun = performance.now();
    await database.rows("SELECT * FROM ingest($1::json, $2)", [
      JSON.stringify([
        {
          o: 0,
          t: 1,
          g: 1,
          b: 0,
          k: `key-${begun}`,
          c: null,
          y: "ignored",
          r: "a test",
          f: 1,
          n: 2,
          i: 0,
          d: 1,
        },
      ]),
      Buffer.from("{}"),
    ]);
    slowest = Math.max(slowest, performance.now() - begun);
  }
  return slowest;
}

describe("migrating", () => {
  test("an empty database applies every file in the order of the names; a second time it does nothing", async () => {
    const first = await migrate(database.url, migrationsFolder);
    expect(first).toEqual({ applied: await files(), pipelineRoleReady: true });
    const schema = await dumpSchema(database);
    expect(await migrate(database.url, migrationsFolder)).toEqual({
      applied: [],
      pipelineRoleReady: true,
    });
    expect(await dumpSchema(database)).toBe(schema);
  });

  test("by twenty processes at once applies every file once, and all of them succeed", async () => {
    const ends = await Promise.all(
      Array.from({ length: 20 }, () => migrate(database.url, migrationsFolder)),
    );
    expect(ends.flatMap(({ applied }) => applied).toSorted()).toEqual(await files());
    expect(ends.every(({ pipelineRoleReady }) => pipelineRoleReady)).toBe(true);
    expect(await database.count("SELECT count(*) FROM migrations")).toBe((await files()).length);
  });

  test("several databases of one cluster at once succeeds, although they share the role", async () => {
    const others = await Promise.all(
      Array.from({ length: 4 }, () => createTestDatabase({ migrated: false })),
    );
    const ends = await Promise.all(
      [database, ...others].map(({ url }) => migrate(url, migrationsFolder)),
    );
    expect(ends.every(({ pipelineRoleReady }) => pipelineRoleReady)).toBe(true);
    await Promise.all(others.map((other) => other.drop()));
  });

  test("is refused when an applied file was changed, and changes nothing then", async () => {
    await cp(migrationsFolder, folder, { recursive: true });
    await migrate(database.url, folder);
    const [first = ""] = await files();
    await writeFile(join(folder, first), "SELECT 1");
    await writeFile(join(folder, "999999_more.sql"), "CREATE TABLE more (x int)");
    await expect(migrate(database.url, folder)).rejects.toThrow(
      `migration ${first} was changed after it was applied`,
    );
    expect(await database.count("SELECT count(*) FROM pg_class WHERE relname = 'more'")).toBe(0);
  });

  test("that fails leaves nothing of its file, and goes on from there when it is mended", async () => {
    await cp(migrationsFolder, folder, { recursive: true });
    const broken = join(folder, "999999_broken.sql");
    await writeFile(broken, "CREATE TABLE half (x int); SELECT nothing FROM nowhere");
    await expect(migrate(database.url, folder)).rejects.toThrow(
      "migration 999999_broken.sql failed",
    );
    expect(await database.count("SELECT count(*) FROM pg_class WHERE relname = 'half'")).toBe(0);
    await writeFile(broken, "CREATE TABLE half (x int)");
    expect((await migrate(database.url, folder)).applied).toEqual(["999999_broken.sql"]);
  });

  test("and making partitions stop nobody while somebody reads the journal for hours", async () => {
    await migrate(database.url, migrationsFolder);
    // Without a partition of the coming days there is one to be made, which waits for everybody who reads the journal.
    await database.rows(
      "DO $$ BEGIN EXECUTE format('DROP TABLE journal_%s', to_char((now() AT TIME ZONE 'UTC')::date + 7, 'YYYYMMDD')); END $$",
    );
    const reader = new pg.Client({ connectionString: database.url });
    await reader.connect();
    try {
      await reader.query("BEGIN");
      await reader.query("SELECT count(*) FROM journal");
      const started = migrate(database.url, migrationsFolder);
      const slowest = await slowestIngestMs(started);
      expect(await started).toEqual({ applied: [], pipelineRoleReady: true });
      // The webhooks' way in gives up after 700 ms.
      expect(slowest).toBeLessThan(700);
    } finally {
      await reader.end();
    }
  });

  test("waits for whoever migrates now, and lets nobody wait for ever when that one dies", async () => {
    const holder = new pg.Client({ connectionString: database.url });
    holder.on("error", () => undefined);
    await holder.connect();
    await holder.query("SELECT pg_advisory_lock(4839201)");
    const migrated = migrate(database.url, migrationsFolder);
    const { rows } = await holder.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    expect(await database.count("SELECT count(*) FROM pg_class WHERE relname = 'tenants'")).toBe(0);
    await database.rows("SELECT pg_terminate_backend($1)", [rows[0]?.pid]);
    expect((await migrated).applied).toEqual(await files());
    await holder.end().catch(() => undefined);
  });

  test("a database that cannot be reached is said at once", async () => {
    await expect(migrate("postgres://nobody@127.0.0.1:1/none", migrationsFolder)).rejects.toThrow();
  });
});

/** Lets a role of the test's own, which is no superuser, own the database while `work` runs. */
async function asOwner<T>(
  attributes: string,
  work: (url: string, owner: string) => Promise<T>,
): Promise<T> {
  const owner = `owner_${crypto.randomUUID().replaceAll("-", "")}`;
  const [row] = await database.rows<{ name: string }>("SELECT current_database() AS name");
  await database.rows(`CREATE ROLE ${owner} LOGIN ${attributes} PASSWORD 'x'`);
  await database.rows(`ALTER DATABASE ${row?.name} OWNER TO ${owner}`);
  const url = new URL(database.url);
  url.username = owner;
  url.password = "x";
  try {
    return await work(url.href, owner);
  } finally {
    await database.rows(`ALTER DATABASE ${row?.name} OWNER TO CURRENT_USER`);
    await database.rows(`DROP OWNED BY ${owner} CASCADE`);
    await database.rows(`DROP ROLE ${owner}`);
  }
}

describe("the role of the pipeline", () => {
  test("works for an owner who is no superuser", async () => {
    const end = await asOwner("CREATEROLE", (url) => migrate(url, migrationsFolder));
    expect(end).toEqual({ applied: await files(), pipelineRoleReady: true });
  });

  test("is done without when the owner may not have it: everything is migrated and closed to strangers, and it is said", async () => {
    await migrate(database.url, migrationsFolder);
    await database.rows("DROP SCHEMA public CASCADE");
    await database.rows("CREATE SCHEMA public");
    await asOwner("", async (url, owner) => {
      await database.rows(`ALTER SCHEMA public OWNER TO ${owner}`);
      const end = await migrate(url, migrationsFolder);
      expect(end).toEqual({ applied: await files(), pipelineRoleReady: false });
      const open =
        "SELECT count(*) FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace AND has_function_privilege('public', oid, 'EXECUTE')";
      expect(await database.count(open)).toBe(0);
    });
  });
});
