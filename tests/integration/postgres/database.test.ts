import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createDatabase, type Database } from "../../../src/platform/postgres/database.ts";
import { createLogger } from "../../../src/platform/telemetry/logger.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";

let database: TestDatabase;
let pool: Database | null = null;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(async () => {
  await pool?.close();
  await database.drop();
});

/** The pipeline's pool on an address that brings settings of its own. */
async function settingsWith(query: string): Promise<Readonly<Record<string, string>>> {
  await pool?.close();
  const url = new URL(database.url);
  url.search = query;
  pool = createDatabase({
    url: url.href,
    name: "hookdesk-test",
    connectionsMax: 1,
    statementTimeoutMs: 700,
    restricted: true,
    logger: createLogger("silent", "test"),
  });
  const text =
    "SELECT current_user AS role, current_setting('statement_timeout') AS timeout, current_setting('geqo') AS geqo, current_setting('application_name') AS name";
  const [row] = await pool.query<Record<string, string>>({ name: "settings", text }, []);
  return row ?? {};
}

describe("an address with settings of its own", () => {
  test("does not take the restricted role away, and keeps its own options", async () => {
    expect(await settingsWith("?options=-c%20geqo%3Doff")).toMatchObject({
      role: "hookdesk_app",
      geqo: "off",
    });
  });

  test("cannot choose another role or a longer time-out", async () => {
    const settings = await settingsWith(
      "?options=-c%20role%3Dnone&statement_timeout=60000&application_name=other",
    );
    expect(settings).toMatchObject({
      role: "hookdesk_app",
      timeout: "700ms",
      name: "hookdesk-test",
    });
  });
});
