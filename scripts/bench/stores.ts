import { Redis } from "ioredis";
import pg from "pg";
import type { RunningPostgres } from "../services/postgres.ts";
import type { RunningRedis } from "../services/redis.ts";
import { until } from "../services/until.ts";
import type { Costing } from "./cpu.ts";

/** An empty database and an empty Redis, for one system at a time. */
export type FreshStores = {
  readonly databaseUrl: string;
  readonly redisPort: number;
  readonly redisUrl: string;
  readonly sql: pg.Client;
  readonly redis: Redis;
};

const rewriteDeadlineMs = 30_000;

/** The PostgreSQL and the Redis that all systems get in turn. */
export class BenchStores {
  readonly #postgres: RunningPostgres;
  readonly #redis: RunningRedis;
  readonly #client: Redis;
  #databases = 0;
  #used: pg.Client | null = null;

  constructor(postgres: RunningPostgres, redis: RunningRedis) {
    this.#postgres = postgres;
    this.#redis = redis;
    this.#client = new Redis(redis.url, { lazyConnect: true });
  }

  /** Takes the password away: the peers know only a port. It is a Redis on loopback that lives as long as the bench. */
  async open(): Promise<void> {
    await this.#client.connect();
    await this.#client.config("SET", "requirepass", "");
  }

  /** Both as they are after their installation, with nothing left to be written; what the system before left is gone. */
  async fresh(): Promise<FreshStores> {
    await this.#dropUsed();
    this.#databases += 1;
    const name = `bench_${this.#databases}`;
    const admin = await this.#connected("postgres");
    await admin.query(`CREATE DATABASE ${name}`);
    await admin.query("CHECKPOINT");
    await admin.end();
    await this.#client.flushall();
    await this.#rewriteLog();
    this.#used = await this.#connected(name);
    return {
      databaseUrl: this.#databaseUrl(name),
      redisPort: this.#redis.port,
      redisUrl: `redis://127.0.0.1:${this.#redis.port}`,
      sql: this.#used,
      redis: this.#client,
    };
  }

  costing(): readonly Costing[] {
    return [
      { name: "PostgreSQL", pid: this.#postgres.pid, children: true },
      { name: "Redis", pid: this.#redis.pid, children: true },
    ];
  }

  async versions(): Promise<{ readonly postgres: string; readonly redis: string }> {
    const admin = await this.#connected("postgres");
    const { rows } = await admin.query<{ server_version: string }>("SHOW server_version");
    await admin.end();
    const info = await this.#client.info("server");
    return {
      postgres: rows[0]?.server_version ?? "unknown",
      redis: /redis_version:(\S+)/.exec(info)?.[1] ?? "unknown",
    };
  }

  async close(): Promise<void> {
    await this.#used?.end().catch(() => undefined);
    this.#client.disconnect();
  }

  async #dropUsed(): Promise<void> {
    if (this.#used === null) return;
    await this.#used.end();
    this.#used = null;
    const admin = await this.#connected("postgres");
    await admin.query(`DROP DATABASE bench_${this.#databases} WITH (FORCE)`);
    await admin.end();
  }

  /** A short log, so that no rewriting begins while somebody is measured. */
  async #rewriteLog(): Promise<void> {
    await this.#client.bgrewriteaof();
    await until(
      async () => {
        const info = await this.#client.info("persistence");
        return /aof_rewrite_(in_progress|scheduled):1/.test(info) ? undefined : true;
      },
      { deadlineMs: rewriteDeadlineMs },
    );
  }

  #databaseUrl(name: string): string {
    const url = new URL(this.#postgres.url);
    url.pathname = `/${name}`;
    return url.href;
  }

  async #connected(name: string): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.#databaseUrl(name),
      application_name: "bench",
    });
    client.on("error", () => undefined);
    await client.connect();
    return client;
  }
}
