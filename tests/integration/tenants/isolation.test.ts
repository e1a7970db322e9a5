import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import pg from "pg";
import { addOrigin, addTenant } from "../../support/tenants.ts";
import { openWorkbench, type Workbench } from "../../support/workbench.ts";
import { passTime } from "../conversation/scene.ts";

let bench: Workbench;
let other: number;
let pipeline: pg.Client;

beforeAll(async () => {
  bench = await openWorkbench();
  const { database } = bench;
  other = await addTenant(database, "second");
  await addOrigin(database, {
    tenant: other,
    key: "two",
    token: "t",
    apiUrl: "http://127.0.0.1:9",
  });
  // A whole order leaves rows in most tables; the others get one each, and everything a copy under the second tenant.
  for (const text of ["hi", "221B Baker Street", "+14155552671", "3", "yes", "hi", "explode"])
    await bench.post([await bench.say("1", text)]);
  for (let attempt = 0; attempt < 5; attempt += 1) {
    await bench.worker.drain();
    await passTime(bench, "1");
  }
  await bench.say("1", "still open");
  for (const table of await tenantTables()) await fill(table);
  // As the next start does: only then the role may name the partitions, too.
  await database.rows("SELECT grant_to_pipeline()");
  pipeline = new pg.Client({ connectionString: database.url });
  await pipeline.connect();
  await pipeline.query("SET ROLE hookdesk_app");
});
afterAll(async () => {
  await pipeline.end();
  await bench.close();
});

/** Tables with a tenant that hold rows themselves, from the catalogue. */
async function tenantTables(): Promise<readonly string[]> {
  const rows = await bench.database.rows<{ name: string }>(
    `SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attname = 'tenant_id' AND NOT a.attisdropped
     ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

/** Makes sure that both tenants have a row in a table, whatever its columns are. */
async function fill(table: string): Promise<void> {
  if (/^(tenants|origins|journal_)/.test(table)) return;
  const columns = await bench.database.rows<{ name: string; sample: string; key: boolean }>(
    `SELECT a.attname AS name,
       CASE format_type(a.atttypid, NULL)
         WHEN 'text' THEN coalesce((SELECT (regexp_match(pg_get_constraintdef(oid), '''([a-z_]+)''::text'))[1]
           FROM pg_constraint WHERE conrelid = a.attrelid AND contype = 'c' AND a.attnum = conkey[1] AND cardinality(conkey) = 1 LIMIT 1), 'x')
         WHEN 'uuid' THEN '00000000-0000-0000-0000-000000000001' WHEN 'boolean' THEN 'true' WHEN 'bytea' THEN 'x'
         WHEN 'date' THEN '2020-01-01' WHEN 'timestamp with time zone' THEN '2020-01-01' ELSE '1' END AS sample, false AS key
     FROM pg_attribute a WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull
       AND NOT a.atthasdef AND a.attidentity = '' AND a.attname <> 'tenant_id'`,
    [table],
  );
  const names = columns.map(({ name }) => `"${name}"`);
  for (const tenant of [bench.origin.tenant, other]) {
    const values = columns.map(({ sample }) => `'${sample}'`);
    await bench.database.rows(
      `INSERT INTO ${table} (tenant_id, ${names.join(", ")}) VALUES (${tenant}, ${values.join(", ")}) ON CONFLICT DO NOTHING`,
    );
  }
}

/** Runs one statement as the pipeline, for a tenant or for none, and takes it back. */
async function asPipeline(tenant: number | null, sql: string): Promise<pg.QueryResult> {
  await pipeline.query("BEGIN");
  try {
    if (tenant !== null) await pipeline.query(`SET LOCAL hookdesk.tenant = '${tenant}'`);
    return await pipeline.query(sql);
  } finally {
    await pipeline.query("ROLLBACK");
  }
}

describe("as the pipeline's role", () => {
  test("every table shows one tenant's rows even without a WHERE, and none without a tenant", async () => {
    for (const table of await tenantTables()) {
      const all = await bench.database.rows<{ tenant_id: number; n: number }>(
        `SELECT tenant_id, count(*)::int AS n FROM ${table} GROUP BY 1 ORDER BY 1`,
      );
      if (!/^journal_/.test(table))
        expect([table, all.map((row) => row.tenant_id)]).toEqual([
          table,
          [bench.origin.tenant, other],
        ]);
      for (const { tenant_id, n } of all) {
        const seen = await asPipeline(
          tenant_id,
          `SELECT tenant_id, count(*)::int AS n FROM ${table} GROUP BY 1`,
        );
        expect([table, seen.rows]).toEqual([table, [{ tenant_id, n }]]);
      }
      expect([table, (await asPipeline(null, `SELECT FROM ${table}`)).rowCount]).toEqual([
        table,
        0,
      ]);
      expect([table, (await asPipeline(999, `SELECT FROM ${table}`)).rowCount]).toEqual([table, 0]);
    }
  });

  test("nobody changes or removes what is another tenant's", async () => {
    for (const table of await tenantTables()) {
      if (table === "tenants") continue;
      const changed = await asPipeline(
        other,
        `UPDATE ${table} SET tenant_id = tenant_id WHERE tenant_id = ${bench.origin.tenant}`,
      );
      expect([table, changed.rowCount]).toEqual([table, 0]);
      const removed = await asPipeline(
        other,
        `DELETE FROM ${table} WHERE tenant_id = ${bench.origin.tenant}`,
      );
      expect([table, removed.rowCount]).toEqual([table, 0]);
    }
  });

  test("nobody gives a row to another tenant", async () => {
    for (const table of await tenantTables()) {
      if (/^(tenants|journal_)/.test(table)) continue;
      const gift = asPipeline(other, `UPDATE ${table} SET tenant_id = ${bench.origin.tenant}`);
      await expect(gift).rejects.toThrow("row-level security");
    }
  });

  test("views show one tenant's rows, too", async () => {
    expect(
      (await asPipeline(bench.origin.tenant, "SELECT FROM deliveries")).rowCount,
    ).toBeGreaterThan(0);
    expect((await asPipeline(null, "SELECT FROM deliveries")).rowCount).toBe(0);
  });

  test("what has no tenant is out of reach, and no tenant can be made", async () => {
    for (const sql of [
      "SELECT FROM migrations",
      "SELECT FROM leaders",
      "DELETE FROM migrations",
      "INSERT INTO tenants (name) VALUES ('x')",
      "UPDATE tenants SET name = 'x'",
      "CREATE TABLE loot (x int)",
      "ALTER TABLE messages DISABLE ROW LEVEL SECURITY",
      "DROP POLICY one_tenant ON messages",
    ])
      await expect(asPipeline(bench.origin.tenant, sql)).rejects.toThrow(
        /permission denied|must be owner/,
      );
  });
});

describe("the catalogue", () => {
  test("every table with a tenant has row-level security, forced, with the two policies", async () => {
    const rows = await bench.database.rows<{ name: string; forced: boolean; policies: string[] }>(
      `SELECT c.oid::regclass::text AS name, c.relrowsecurity AND c.relforcerowsecurity AS forced,
         ARRAY(SELECT polname::text FROM pg_policy WHERE polrelid = c.oid ORDER BY 1) AS policies
       FROM pg_class c WHERE c.oid::regclass::text = ANY ($1)`,
      [await tenantTables()],
    );
    expect(rows.length).toBeGreaterThan(20);
    for (const row of rows)
      expect(row).toEqual({
        name: row.name,
        forced: true,
        policies: ["one_tenant", "owner_sees_all"],
      });
  });

  test("every table has a tenant, or is known to need none", async () => {
    const rows = await bench.database.rows<{ name: string }>(
      `SELECT c.oid::regclass::text AS name FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
         AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'tenant_id') ORDER BY 1`,
    );
    expect(rows.map(({ name }) => name)).toEqual(["leaders", "migrations"]);
  });

  test("every primary key and unique key begins with the tenant, but for an origin's public address", async () => {
    const rows = await bench.database.rows<{ name: string }>(
      `SELECT i.indexrelid::regclass::text AS name FROM pg_index i JOIN pg_attribute t ON t.attrelid = i.indrelid AND t.attname = 'tenant_id'
       WHERE i.indisunique AND i.indkey[0] <> t.attnum AND i.indrelid::regclass::text = ANY ($1) ORDER BY 1`,
      [await tenantTables()],
    );
    expect(rows.map(({ name }) => name)).toEqual([
      "origins_channel_origin_key_key",
      "tenants_name_key",
    ]);
  });

  test("every view looks with the eyes of who asks", async () => {
    const rows = await bench.database.rows(
      "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm') AND NOT coalesce(reloptions @> ARRAY['security_invoker=true'], false)",
    );
    expect(rows).toEqual([]);
  });

  test("every function that sees all tenants has a search path of its own and is closed to strangers", async () => {
    const rows = await bench.database.rows<{
      name: string;
      path: string[];
      open: boolean;
      ours: boolean;
    }>(
      `SELECT p.oid::regprocedure::text AS name, p.proconfig AS path, has_function_privilege('public', p.oid, 'EXECUTE') AS open,
         has_function_privilege('hookdesk_app', p.oid, 'EXECUTE') AS ours
       FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef`,
    );
    expect(rows.length).toBeGreaterThan(10);
    for (const row of rows)
      expect(row).toEqual({
        name: row.name,
        path: expect.arrayContaining(["search_path=public, pg_temp"]),
        open: false,
        ours: true,
      });
  });

  test("a partition that is made later is as closed as the first", async () => {
    await bench.database.rows("SELECT prepare_journal(12)");
    const open = await bench.database.rows(
      "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE inhparent = 'journal'::regclass AND NOT c.relforcerowsecurity",
    );
    expect(open).toEqual([]);
  });
});
