import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Database } from "../../../src/platform/postgres/database.ts";
import { createLeader } from "../../../src/platform/postgres/leader.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { pipelineDatabase } from "../../support/workbench.ts";

let database: TestDatabase;
let pipeline: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  pipeline = pipelineDatabase(database.url);
});
afterAll(async () => {
  await pipeline.close();
  await database.drop();
});

describe("a leader", () => {
  test("is one of any number that ask at once, and stays it while it asks", async () => {
    const candidates = Array.from({ length: 20 }, (_, i) =>
      createLeader(pipeline, "sweeping", `p${i}`),
    );
    const leading = await Promise.all(candidates.map((asks) => asks()));
    expect(leading.filter(Boolean)).toHaveLength(1);
    expect(await Promise.all(candidates.map((asks) => asks()))).toEqual(leading);
  });

  test("is followed by another when it is not heard of for its lease", async () => {
    const first = createLeader(pipeline, "timers", "first");
    const second = createLeader(pipeline, "timers", "second");
    expect([await first(), await second()]).toEqual([true, false]);
    await database.rows("UPDATE leaders SET until = now() - interval '1 ms' WHERE name = 'timers'");
    expect([await second(), await first()]).toEqual([true, false]);
  });

  test("of one work says nothing about another", async () => {
    expect(await createLeader(pipeline, "this", "a")()).toBe(true);
    expect(await createLeader(pipeline, "that", "b")()).toBe(true);
  });
});
