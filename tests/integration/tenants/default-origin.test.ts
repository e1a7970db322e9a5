import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Database } from "../../../src/platform/postgres/database.ts";
import { type DefaultOrigin, saveDefaultOrigin } from "../../../src/tenants/default-origin.ts";
import { createOrigins } from "../../../src/tenants/origins.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { addTenant } from "../../support/tenants.ts";
import { pipelineDatabase } from "../../support/workbench.ts";

let database: TestDatabase;
let owner: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  owner = pipelineDatabase(database.url, { restricted: false });
});
afterAll(async () => {
  await owner.close();
  await database.drop();
});

const given: DefaultOrigin = {
  channel: "chat2desk",
  account: {
    apiUrl: "http://127.0.0.1:9",
    credentials: { token: "t1", signature: "required" },
  },
  language: "en",
  rate: { count: 300, windowMs: 60_000 },
};
const changed: DefaultOrigin = {
  ...given,
  account: { ...given.account, credentials: { token: "t2", signature: "required" } },
  language: "es",
};

describe("the origin of the environment", () => {
  test("is made once by any number of processes, and read by the pipeline", async () => {
    await Promise.all(Array.from({ length: 10 }, () => saveDefaultOrigin(owner, given)));
    const pipeline = pipelineDatabase(database.url);
    const origins = createOrigins(pipeline);
    expect(origins.ready()).toBe(false);
    await origins.refresh();
    expect(origins.all()).toHaveLength(1);
    expect(origins.byKey("chat2desk", "default")).toMatchObject(given);
    expect(origins.byKey("telegram", "default")).toBeUndefined();
    await pipeline.close();
  });

  test("follows the environment, and a new token is a new chance for what was on hold", async () => {
    const hold = (reason: string) =>
      database.rows(
        "INSERT INTO holds (tenant_id, origin_id, until, reason) SELECT tenant_id, origin_id, now() + interval '1 h', $1 FROM origins",
        [reason],
      );
    await hold("unauthorized");
    await saveDefaultOrigin(owner, given);
    expect(await database.count("SELECT count(*) FROM holds")).toBe(1);
    await saveDefaultOrigin(owner, changed);
    expect(await database.count("SELECT count(*) FROM holds")).toBe(0);
    expect(await database.rows("SELECT api_token, language FROM origins")).toEqual([
      { api_token: "t2", language: "es" },
    ]);
    await hold("throttled");
    await saveDefaultOrigin(owner, given);
    expect(await database.count("SELECT count(*) FROM holds")).toBe(1);
  });

  test("never takes over an origin of another tenant that has its address", async () => {
    const tenant = await addTenant(database, "other");
    await database.rows("UPDATE origins SET tenant_id = $1", [tenant]);
    await saveDefaultOrigin(owner, changed);
    expect(await database.rows("SELECT tenant_id, api_token FROM origins")).toEqual([
      { tenant_id: tenant, api_token: "t1" },
    ]);
  });
});
