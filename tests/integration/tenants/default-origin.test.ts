import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Database } from "../../../src/platform/postgres/database.ts";
import { type DefaultOrigin, saveDefaultOrigin } from "../../../src/tenants/default-origin.ts";
import { createOrigins } from "../../../src/tenants/origins.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { addTenant } from "../../support/tenants.ts";
import { pipelineDatabase } from "../../support/workbench.ts";
import { createChat2Desk } from "../../../src/channels/chat2desk/chat2desk.ts";
import { createHttpClient } from "../../../src/platform/http/client.ts";
import { createAccounts } from "../../../src/tenants/accounts.ts";
import { createKeyring } from "../../../src/tenants/keyring.ts";

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

const fieldsOf = () => createChat2Desk({ http: createHttpClient() }).credentials;
const key = (letter: string) => Buffer.alloc(32, letter);
const accounts = createAccounts(fieldsOf, createKeyring([key("a")]));

type Stored = {
  readonly channel: string;
  readonly origin_key: string;
  readonly api_url: string;
  readonly credentials: string;
};
const storedOrigins = () =>
  database.rows<Stored>("SELECT channel, origin_key, api_url, credentials FROM origins");
const tokens = async (by = accounts) =>
  (await storedOrigins()).map((row) => by.open(row).account.credentials["token"]);

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
    await Promise.all(Array.from({ length: 10 }, () => saveDefaultOrigin(owner, given, accounts)));
    const pipeline = pipelineDatabase(database.url);
    const origins = createOrigins(pipeline, accounts);
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
    await saveDefaultOrigin(owner, given, accounts);
    expect(await database.count("SELECT count(*) FROM holds")).toBe(1);
    await saveDefaultOrigin(owner, changed, accounts);
    expect(await database.count("SELECT count(*) FROM holds")).toBe(0);
    expect(await tokens()).toEqual(["t2"]);
    expect(await database.rows("SELECT language FROM origins")).toEqual([{ language: "es" }]);
    await hold("throttled");
    await saveDefaultOrigin(owner, given, accounts);
    expect(await database.count("SELECT count(*) FROM holds")).toBe(1);
  });

  test("never takes over an origin of another tenant that has its address", async () => {
    const tenant = await addTenant(database, "other");
    await database.rows("UPDATE origins SET tenant_id = $1", [tenant]);
    await saveDefaultOrigin(owner, changed, accounts);
    expect(await tokens()).toEqual(["t1"]);
    expect(await database.rows("SELECT tenant_id FROM origins")).toEqual([{ tenant_id: tenant }]);
  });

  test("is unreadable at rest, and sealed again with a new key as soon as that is set", async () => {
    await database.rows("DELETE FROM origins");
    await saveDefaultOrigin(owner, given, accounts);
    const before = await storedOrigins();
    expect(before[0]?.credentials).toStartWith("a256gcm:");
    await saveDefaultOrigin(owner, given, accounts);
    expect(await storedOrigins()).toEqual(before);
    const turned = createAccounts(fieldsOf, createKeyring([key("b"), key("a")]));
    await saveDefaultOrigin(owner, given, turned);
    const newest = createAccounts(fieldsOf, createKeyring([key("b")]));
    expect(await tokens(newest)).toEqual(["t1"]);
    expect(await tokens()).toEqual([undefined]);
  });
});
