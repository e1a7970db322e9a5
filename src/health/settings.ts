import type { Database, Statement } from "../platform/postgres/database.ts";
import type { RedisClient } from "../platform/redis/redis.ts";

/** Settings under which a promise cannot be kept; they are warned about, never refused. */
export async function unsafeSettings(
  database: Database,
  redis: RedisClient,
): Promise<readonly string[]> {
  return [...(await unsafePostgres(database)), ...(await unsafeRedis(redis))];
}

const durable: Statement = {
  name: "durable_settings",
  text: "SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit, current_setting('full_page_writes') AS pages",
};

async function unsafePostgres(database: Database): Promise<readonly string[]> {
  const [row] = await database.query<{ fsync: string; commit: string; pages: string }>(durable, []);
  if (row === undefined) return [];
  return [
    ...(row.fsync === "off"
      ? ["PostgreSQL runs with fsync=off: acknowledged events can be lost when the machine fails."]
      : []),
    ...(row.commit === "off"
      ? [
          "PostgreSQL runs with synchronous_commit=off: acknowledged events can be lost when it crashes.",
        ]
      : []),
    ...(row.pages === "off"
      ? [
          "PostgreSQL runs with full_page_writes=off: its files can be damaged when the machine fails.",
        ]
      : []),
  ];
}

/** Managed Redis services often forbid CONFIG; then nothing is known and nothing is said. */
async function unsafeRedis(redis: RedisClient): Promise<readonly string[]> {
  try {
    const [aof, policy] = await Promise.all([
      redis.raw.config("GET", "appendonly"),
      redis.raw.config("GET", "maxmemory-policy"),
    ]);
    return [
      ...(valueOf(aof) === "no"
        ? [
            "Redis runs without AOF: it is rebuilt from PostgreSQL after every restart, which takes a moment.",
          ]
        : []),
      ...(valueOf(policy) === "noeviction"
        ? []
        : [
            `Redis evicts keys (maxmemory-policy ${valueOf(policy)}): lanes may be forgotten and found again late.`,
          ]),
    ];
  } catch {
    return [];
  }
}

function valueOf(reply: unknown): string {
  return Array.isArray(reply) ? String(reply[1]) : "noeviction";
}
