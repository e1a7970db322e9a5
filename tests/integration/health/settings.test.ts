import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import pg from "pg";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { eventually } from "../../support/eventually.ts";
import { environmentFor, startHookdesk } from "../../support/hookdesk.ts";
import { type OwnRedis, ownRedis } from "../../support/own-services.ts";
import { healthOf } from "../../support/process.ts";

/** Settings under which less can be promised: warned about, never refused. */
let redis: OwnRedis;

beforeAll(async () => {
  redis = await ownRedis();
  await redis.start();
});
afterAll(async () => redis.remove());

async function settingsOf(url: string, more: Readonly<Record<string, string>> = {}) {
  const prefix = `t${crypto.randomUUID().slice(0, 8)}`;
  const hookdesk = await startHookdesk(environmentFor({ url }, prefix, more));
  const settings = await eventually("the settings are judged", async () => {
    const health = await healthOf(hookdesk);
    return health?.checks["redis"]?.status === "ok" ? health.checks["settings"] : null;
  });
  await hookdesk.stop();
  return settings;
}

/** A database whose owner is nobody special: it may neither make roles nor become the pipeline's. */
async function ownedByStranger(
  database: TestDatabase,
): Promise<{ url: string; remove: () => Promise<void> }> {
  const role = `stranger_${crypto.randomUUID().slice(0, 8)}`;
  const url = new URL(database.url);
  const name = url.pathname.slice(1);
  await database.rows(`CREATE ROLE ${role} LOGIN PASSWORD 'of-a-test'`);
  await database.rows(`ALTER DATABASE ${name} OWNER TO ${role}`);
  await database.rows(`ALTER SCHEMA public OWNER TO ${role}`);
  url.username = role;
  url.password = "of-a-test";
  const remove = async () => {
    const admin = new pg.Client({ connectionString: database.url });
    await admin.connect();
    await admin.query(`REASSIGN OWNED BY ${role} TO CURRENT_USER`);
    await admin.query(`DROP OWNED BY ${role}`);
    await admin.query(`DROP ROLE ${role}`);
    await admin.end();
  };
  return { url: url.href, remove };
}

describe("the settings of the stores", () => {
  test("PostgreSQL that may lose what it acknowledged is named and degrades /health", async () => {
    const database = await createTestDatabase();
    const name = new URL(database.url).pathname.slice(1);
    await database.rows(`ALTER DATABASE ${name} SET synchronous_commit = off`);
    const settings = await settingsOf(database.url);
    expect(settings?.status).toBe("degraded");
    expect(settings?.message).toContain("synchronous_commit=off");
    await database.drop();
  });

  test("Redis without AOF is mentioned and degrades nothing; one that evicts does", async () => {
    const database = await createTestDatabase();
    await redis.command("CONFIG", "SET", "appendonly", "no");
    const plain = await settingsOf(database.url, { REDIS_URL: redis.url });
    expect(plain?.message).toContain("without AOF");
    expect(plain?.status).toBe("ok");
    await redis.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
    const evicting = await settingsOf(database.url, { REDIS_URL: redis.url });
    expect(evicting?.message).toContain("allkeys-lru");
    expect(evicting?.status).toBe("degraded");
    await database.drop();
  });

  test("an owner who cannot use the pipeline's role works on, and /health says what is missing", async () => {
    const database = await createTestDatabase({ migrated: false });
    const stranger = await ownedByStranger(database);
    const settings = await settingsOf(stranger.url);
    expect(settings?.message).toContain("The role hookdesk_app cannot be used");
    expect(settings?.status).toBe("degraded");
    await stranger.remove();
    await database.drop();
  });
});
