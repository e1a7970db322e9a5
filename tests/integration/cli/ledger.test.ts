import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { environmentFor, freePort } from "../../support/hookdesk.ts";
import { addOrigin, addTenant } from "../../support/tenants.ts";
import { run } from "./operator.ts";

let database: TestDatabase;
let environment: Readonly<Record<string, string>>;

beforeAll(async () => {
  database = await createTestDatabase();
  environment = environmentFor(database, "unused");
  for (const name of ["north", "süd"]) {
    const tenant = await addTenant(database, name);
    const origin = await addOrigin(database, { tenant, key: name, token: "t", apiUrl: "http://a" });
    await database.rows("INSERT INTO journal_dropped VALUES ($1, $2, '2026-01-01', $3, 2)", [
      tenant,
      origin.origin,
      tenant * 1_000 + 2,
    ]);
    await database.rows(
      "INSERT INTO conversations (tenant_id, conv, origin_id, applied) VALUES ($1, gen_random_uuid(), $2, $3)",
      [tenant, origin.origin, tenant * 1_000],
    );
  }
});

afterAll(() => database.drop());

describe("ledger", () => {
  test("lines its figures up, sums them, and says that it balances", async () => {
    const { code, out } = await run(environment, "ledger");
    expect(code).toBe(0);
    expect(out).toBe(
      `${[
        "TENANT  ORIGIN           RECEIVED  APPLIED  DUPLICATE  IGNORED  PARKED  DISCARDED  PENDING",
        "north   chat2desk/north     1,002    1,000          0        2       0          0        0",
        "süd     chat2desk/süd       2,002    2,000          0        2       0          0        0",
        "all                         3,004    3,000          0        4       0          0        0",
        "",
        "It balances. Every event is accounted for.",
      ].join("\n")}\n`,
    );
  });

  test("fails and names the origin that does not balance, in words and for programs", async () => {
    await database.rows("UPDATE journal_dropped SET events = events + 1 WHERE tenant_id = 2");
    const told = await run(environment, "ledger --tenant süd");
    expect(told.code).toBe(1);
    expect(told.out).toContain(
      "It does not balance. süd, chat2desk/süd: 1 event received and not accounted for.",
    );
    const read = await run(environment, "ledger --json");
    expect(read.code).toBe(1);
    expect(JSON.parse(read.out)).toMatchObject({
      balanced: false,
      origins: [
        { tenant: "north", missing: 0 },
        { tenant: "süd", missing: 1 },
      ],
    });
    expect((await run(environment, "ledger --origin chat2desk/north")).code).toBe(0);
  });

  test("says so when there is no such origin", async () => {
    const ran = await run(environment, "ledger --origin nowhere");
    expect(ran).toMatchObject({ code: 1, out: "There is no such origin.\n" });
  });
});

describe("without a system", () => {
  test("an environment that names none is told what to do", async () => {
    const ran = await run({}, "ledger");
    expect(ran.code).toBe(2);
    expect(ran.note).toContain("run npm start");
    expect(ran.note).toContain("DATABASE_URL is required");
  });

  test("a PostgreSQL that is away is a sentence and not a stack, without its address", async () => {
    const away = `postgres://hookdesk:secret@127.0.0.1:${freePort()}/hookdesk`;
    const ran = await run({ ...environment, DATABASE_URL: away }, "parked list");
    expect(ran).toEqual({
      code: 1,
      out: "",
      note: "PostgreSQL could not be asked: Error ECONNREFUSED\n",
    });
  });

  test("a database that is not migrated is said to be so", async () => {
    const bare = await createTestDatabase({ migrated: false });
    const ran = await run({ ...environment, DATABASE_URL: bare.url }, "ledger");
    await bare.drop();
    expect(ran.code).toBe(1);
    expect(ran.note).toContain("start Hookdesk once");
  });
});
