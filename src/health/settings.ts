import type { Database, Statement } from "../platform/postgres/database.ts";
import type { RedisClient } from "../platform/redis/redis.ts";

/** A setting under which we do less well than we promise; it is warned about, never refused. */
export type Warning = {
  readonly sentence: string;
  /** Whether a promise cannot be kept; else it only costs time. */
  readonly breaksPromise: boolean;
};

/** Everything that can be found out about both; what does not answer is left out. */
export async function unsafeSettings(
  database: Database,
  redis: RedisClient,
): Promise<readonly Warning[]> {
  const [postgres, cache] = await Promise.all([
    unsafePostgres(database).catch(() => []),
    unsafeRedis(redis),
  ]);
  return [...postgres, ...cache];
}

const durable: Statement = {
  name: "durable_settings",
  text: "SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit, current_setting('full_page_writes') AS pages",
};

const postgresSentences = {
  fsync: "PostgreSQL runs with fsync=off: acknowledged events can be lost when the machine fails.",
  commit:
    "PostgreSQL runs with synchronous_commit=off: acknowledged events can be lost when it crashes.",
  pages:
    "PostgreSQL runs with full_page_writes=off: its files can be damaged when the machine fails.",
} as const;

/** What PostgreSQL may lose. @throws when it does not answer. */
export async function unsafePostgres(database: Database): Promise<readonly Warning[]> {
  const [row] = await database.query<Record<keyof typeof postgresSentences, string>>(durable, []);
  if (row === undefined) return [];
  const off = (["fsync", "commit", "pages"] as const).filter((setting) => row[setting] === "off");
  return off.map((setting) => ({ sentence: postgresSentences[setting], breaksPromise: true }));
}

/** What Redis may forget. Managed services often forbid CONFIG; then nothing is known and nothing is said. */
export async function unsafeRedis(redis: RedisClient): Promise<readonly Warning[]> {
  try {
    const [aof, eviction] = await Promise.all([
      redis.raw.config("GET", "appendonly"),
      redis.raw.config("GET", "maxmemory-policy"),
    ]);
    return [...aofWarning(settingOf(aof)), ...evictionWarning(settingOf(eviction))];
  } catch {
    return [];
  }
}

function aofWarning(value: string | null): readonly Warning[] {
  if (value !== "no") return [];
  const sentence =
    "Redis runs without AOF: after each of its restarts it is rebuilt from PostgreSQL, which takes a moment.";
  return [{ sentence, breaksPromise: false }];
}

function evictionWarning(value: string | null): readonly Warning[] {
  if (value === null || value === "noeviction") return [];
  const sentence = `Redis may evict keys (maxmemory-policy ${value}): lanes can be forgotten and found again late.`;
  return [{ sentence, breaksPromise: true }];
}

function settingOf(reply: unknown): string | null {
  return Array.isArray(reply) && reply.length > 1 ? String(reply[1]) : null;
}
