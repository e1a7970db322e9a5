import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import pg from "pg";
import { startChild } from "../../scripts/services/child.ts";
import { ownFolder } from "../../scripts/services/folders.ts";
import { freePort } from "../../scripts/services/ports.ts";
import { startPostgres } from "../../scripts/services/postgres.ts";
import { findRedis } from "../../scripts/services/redis-program.ts";
import type { Service } from "../../scripts/services/service.ts";
import { eventually } from "./eventually.ts";
import { openWire, type Wire } from "./wire.ts";

/** A server of one test's own, at one address for ever, that can be stopped and started again. */
type OwnServer = {
  readonly url: string;
  /** Resolves when it answers. */
  readonly start: () => Promise<void>;
  /** Resolves when it is gone; its data stays. */
  readonly stop: () => Promise<void>;
  /** Stops it and removes its data. */
  readonly remove: () => Promise<void>;
};

export type OwnRedis = OwnServer & {
  readonly empty: () => Promise<void>;
  /** @throws when the server refuses it. */
  readonly command: (name: string, ...args: readonly string[]) => Promise<void>;
  /** The wire to it. */
  readonly wire: Wire;
};

export type OwnPostgres = OwnServer & {
  readonly wire: Wire;
  readonly rows: <Row extends pg.QueryResultRow>(sql: string) => Promise<Row[]>;
};

const stopDeadlineMs = 10_000;

/** Makes a Redis that is not started yet; until then connections are taken and cut, as by a forwarder in front of nothing. */
export async function ownRedis(): Promise<OwnRedis> {
  const program = await findRedis();
  const folder = mkdtempSync(join(tmpdir(), "hookdesk-own-redis-"));
  const port = await freePort();
  const wire = await openWire(port);
  let service: Service | null = null;
  const directly = async (work: (client: Redis) => Promise<unknown>): Promise<boolean> => {
    const client = new Redis({ port, lazyConnect: true, retryStrategy: () => null });
    client.on("error", () => undefined);
    return client
      .connect()
      .then(() => work(client))
      .then(
        () => true,
        () => false,
      )
      .finally(() => client.disconnect());
  };
  const stop = async (): Promise<void> => {
    await service?.stop();
    service = null;
  };
  return {
    url: `redis://127.0.0.1:${wire.port}`,
    wire,
    start: async () => {
      service = startChild({
        name: "own Redis",
        command: program.path,
        args: ["--port", `${port}`, "--bind", "127.0.0.1", "--appendonly", "yes", "--save", ""],
        cwd: folder,
        env: { ...process.env, ...program.env },
        output: { file: join(folder, "redis.log") },
        stopDeadlineMs,
      });
      await eventually("the test's Redis answers", () => directly((client) => client.ping()));
    },
    stop,
    empty: async () => {
      if (!(await directly((client) => client.flushall()))) throw new Error("not emptied");
    },
    command: async (name, ...args) => {
      const done = await directly((client) => client.call(name, ...args));
      if (!done) throw new Error(`Redis refused ${name}`);
    },
    remove: async () => {
      await stop();
      await wire.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Makes a PostgreSQL that is not started yet; it gets another port at each start, behind a wire that stays. Until then connections are refused. */
export async function ownPostgres(): Promise<OwnPostgres> {
  const folder = ownFolder(mkdtempSync(join(tmpdir(), "hookdesk-own-postgres-")), "enter");
  const wire = await openWire(await freePort());
  const dataDir = join(folder, "data");
  // Made once, so that the address with its password is known before the test starts it.
  let service = await startPostgres({ dataDir, keep: true });
  let direct = service.url;
  const url = new URL(direct);
  url.port = `${wire.port}`;
  const stop = async (): Promise<void> => {
    await service.stop();
    await wire.refuse();
  };
  await stop();
  return {
    url: url.href,
    wire,
    start: async () => {
      service = await startPostgres({ dataDir, keep: true });
      direct = service.url;
      await wire.pass(service.port);
    },
    stop,
    rows: async (sql) => {
      const client = new pg.Client({ connectionString: direct });
      await client.connect();
      try {
        return (await client.query(sql)).rows;
      } finally {
        await client.end();
      }
    },
    remove: async () => {
      await service.stop();
      await wire.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
