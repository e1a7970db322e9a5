import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { createTestDatabase, migrationsFolder, type TestDatabase } from "../../support/database.ts";
import { dumpSchema } from "../../support/schema-dump.ts";

const file = Bun.file(join(migrationsFolder, "schema.sql"));
const head =
  "-- The schema that the migrations make, as PostgreSQL's catalogue tells it; no migration, only for reading and comparing.\n" +
  "-- After a change: UPDATE_SCHEMA=1 npm test tests/integration/postgres/schema.test.ts\n\n";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test("the schema is the one that was last looked at", async () => {
  const schema = head + (await dumpSchema(database));
  if (process.env["UPDATE_SCHEMA"] === "1") await file.write(schema);
  const seen = (await file.text()).split("\n");
  expect(schema.split("\n")).toEqual(seen);
});
