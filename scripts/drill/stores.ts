/**
 * The PostgreSQL and the Redis of a drill, which can be killed and come back where they were.
 *
 *   running ──kill──▶ dead ──revive──▶ running
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import pg from "pg";
import { startChild } from "../services/child.ts";
import { freePort } from "../services/ports.ts";
import { type RunningPostgres, startPostgres } from "../services/postgres.ts";
import { findRedis } from "../services/redis-program.ts";
import { signalProcess } from "../services/process-identity.ts";
import { CannotStart, type Service } from "../services/service.ts";
import type { Services } from "../services/services.ts";
import { until } from "../services/until.ts";

const stopDeadlineMs = 10_000;
const readyDeadlineMs = 30_000;
const reviveDeadlineMs = 30_000;

/** A Redis of our own: port and password stay when it is started again, as those of a real one would. */
export class DrillRedis {
  readonly #folder: string;
  readonly #services: Services;
  readonly #password = randomBytes(16).toString("hex");
  #service: Service | null = null;
  port = 0;

  constructor(folder: string, services: Services) {
    this.#folder = folder;
    this.#services = services;
  }

  async start(): Promise<void> {
    if (this.port === 0) this.port = await freePort();
    const program = await findRedis();
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const file = join(this.#folder, "redis.conf");
    writeFileSync(file, this.#configuration(), { mode: 0o600 });
    this.#service = startChild({
      name: "Redis",
      command: program.path,
      args: [file],
      cwd: this.#folder,
      env: { ...process.env, ...program.env },
      output: { file: join(this.#folder, "redis.log") },
      stopDeadlineMs,
    });
    await this.#services.keep(this.#service);
    const answer = await until(() => this.#answers(), { deadlineMs: readyDeadlineMs });
    if (answer === undefined) throw new CannotStart("the drill's Redis does not answer");
  }

  /** kill -9. */
  async kill(): Promise<void> {
    if (this.#service === null) return;
    signalProcess(this.#service.pid, "SIGKILL");
    await this.#service.exited;
  }

  /** What it had written is gone: the next start is that of a new server. Only while it is dead. */
  forgetData(): void {
    rmSync(join(this.#folder, "appendonlydir"), { recursive: true, force: true });
  }

  url(port = this.port): string {
    return `redis://:${this.#password}@127.0.0.1:${port}`;
  }

  /** Runs commands over a connection of the drill's own, around the proxies. */
  async command(name: string, ...args: readonly string[]): Promise<unknown> {
    const client = new Redis(this.url(), {
      lazyConnect: true,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
    });
    client.on("error", () => undefined);
    try {
      await client.connect();
      return await client.call(name, ...args);
    } finally {
      client.disconnect();
    }
  }

  async #answers(): Promise<true | undefined> {
    try {
      return (await this.command("PING")) === "PONG" ? true : undefined;
    } catch {
      return undefined;
    }
  }

  #configuration(): string {
    const lines = [
      `port ${this.port}`,
      "bind 127.0.0.1",
      `requirepass ${this.#password}`,
      `dir "${this.#folder}"`,
      "daemonize no",
      "appendonly yes",
      "appendfsync everysec",
      'save ""',
      "maxmemory-policy noeviction",
    ];
    return `${lines.join("\n")}\n`;
  }
}

/** The drill's PostgreSQL; one cluster for all runs, a database for each. */
export class DrillPostgres {
  readonly #dataDir: string;
  readonly #services: Services;
  #server: RunningPostgres;

  constructor(dataDir: string, services: Services, server: RunningPostgres) {
    this.#dataDir = dataDir;
    this.#services = services;
    this.#server = server;
  }

  get port(): number {
    return this.#server.port;
  }

  get pid(): number {
    return this.#server.pid;
  }

  url(database: string, port = this.#server.port): string {
    const url = new URL(this.#server.url);
    url.port = String(port);
    url.pathname = `/${database}`;
    return url.href;
  }

  /** kill -9 of the postmaster; its children see it and leave. */
  kill(): void {
    signalProcess(this.#server.pid, "SIGKILL");
  }

  /** Starts it again on its data, as soon as what is left of the dead one lets it; on another port. */
  async revive(): Promise<void> {
    const server = await until(
      () => startPostgres({ dataDir: this.#dataDir, keep: true }).catch(() => undefined),
      { deadlineMs: reviveDeadlineMs, everyMs: 200 },
    );
    if (server === undefined) throw new CannotStart("PostgreSQL does not come back");
    this.#server = server;
    await this.#services.keep(server);
  }

  /** Lends a connection around the proxies. */
  async connected<Result>(
    database: string,
    work: (client: pg.Client) => Promise<Result>,
  ): Promise<Result> {
    const client = new pg.Client({
      connectionString: this.url(database),
      application_name: "drill",
    });
    client.on("error", () => undefined);
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

/** Starts the PostgreSQL of a drill. */
export async function openPostgres(folder: string, services: Services): Promise<DrillPostgres> {
  const dataDir = join(folder, "postgres");
  // Kept between kills; the folder as a whole is thrown away.
  const server = await startPostgres({ dataDir, keep: true });
  await services.keep(server, server.dataDir);
  return new DrillPostgres(dataDir, services, server);
}
