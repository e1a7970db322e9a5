import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { accountNamed } from "../../../scripts/services/account.ts";
import { ownFolder } from "../../../scripts/services/folders.ts";
import { type RunningPostgres, startPostgres } from "../../../scripts/services/postgres.ts";
import { identify, isRunning } from "../../../scripts/services/process-identity.ts";

const launcher = `
  const { startPostgres } = await import(process.argv[1]);
  const server = await startPostgres({ dataDir: process.argv[2], keep: true });
  console.log(server.pid);
  setInterval(() => {}, 1_000);
`;
const module = join(import.meta.dir, "../../../scripts/services/postgres.ts");

async function ask<Row extends object>(url: string, sql: string): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function withServer<Result>(
  dataDir: string,
  work: (server: RunningPostgres) => Promise<Result>,
): Promise<Result> {
  const server = await startPostgres({ dataDir, keep: true });
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}

/** Starts a server from another process and kills that process, as a crash would. */
async function orphanServer(dataDir: string): Promise<number> {
  const child = Bun.spawn([process.execPath, "-e", launcher, module, dataDir], { stdout: "pipe" });
  const { value } = await child.stdout.getReader().read();
  child.kill("SIGKILL");
  await child.exited;
  return Number(new TextDecoder().decode(value));
}

describe("the embedded PostgreSQL", () => {
  let dataDir = "";
  let realDataDir = "";
  beforeAll(async () => {
    dataDir = join(ownFolder(mkdtempSync(join(tmpdir(), "hookdesk-postgres-")), "enter"), "data");
    await withServer(dataDir, async (server) => {
      realDataDir = realpathSync(server.dataDir);
      await ask(server.url, "CREATE TABLE kept (word text PRIMARY KEY)");
      await ask(server.url, "INSERT INTO kept VALUES ('still here')");
    });
  });
  afterAll(() => {
    for (const path of [join(dataDir, ".."), realDataDir]) {
      rmSync(path, { recursive: true, force: true });
    }
  });

  test("a second start finds the data of the first", async () => {
    const rows = await withServer(dataDir, ({ url }) => ask(url, "SELECT word FROM kept"));
    expect(rows).toEqual([{ word: "still here" }]);
  });

  test("a server whose launcher was killed does not block the next start", async () => {
    const orphan = await identify(await orphanServer(dataDir));
    expect(orphan).toBeDefined();
    const rows = await withServer(dataDir, ({ url }) => ask(url, "SELECT word FROM kept"));
    expect(rows).toEqual([{ word: "still here" }]);
    expect(orphan !== undefined && (await isRunning(orphan))).toBe(false);
  });

  test("a pid file whose number belongs to another program now does not block the start", async () => {
    const cluster = join(realDataDir, "cluster");
    writeFileSync(join(cluster, "postmaster.pid"), `${process.pid}\n${cluster}\n0\n5432\n\n\n\n`);
    const rows = await withServer(dataDir, ({ url }) => ask(url, "SELECT word FROM kept"));
    expect(rows).toEqual([{ word: "still here" }]);
  });

  test("nobody logs in without the password", async () => {
    await withServer(dataDir, async ({ url }) => {
      const stranger = new URL(url);
      stranger.password = "guessed";
      await expect(ask(stranger.href, "SELECT 1")).rejects.toThrow(
        "password authentication failed",
      );
    });
  });

  test("a commit is on the disk when it is answered", async () => {
    const sql = `SELECT current_setting('fsync') AS fsync, current_setting('full_page_writes') AS pages,
      current_setting('synchronous_commit') AS commit`;
    const rows = await withServer(dataDir, ({ url }) => ask(url, sql));
    expect(rows).toEqual([{ fsync: "on", pages: "on", commit: "on" }]);
  });

  test("what customers wrote stays out of the server's log when a row is refused", async () => {
    await withServer(dataDir, async ({ url }) => {
      const client = new Client({ connectionString: url });
      await client.connect();
      const insert = client.query("INSERT INTO kept VALUES ($1)", ["still here"]);
      await expect(insert).rejects.toThrow("duplicate key");
      await client.end();
    });
    const log = readFileSync(join(realDataDir, "cluster", "server.log"), "utf8");
    expect(log).toContain("duplicate key");
    expect(log).not.toContain("still here)");
  });

  test("a throw-away server takes its data with it", async () => {
    const folder = join(dataDir, "..", "throw-away");
    const server = await startPostgres({ dataDir: folder, keep: false });
    await server.stop();
    expect(await Bun.file(join(server.dataDir, "password")).exists()).toBe(false);
  });
});

test("a user is found in a passwd file by its whole name, and root never", () => {
  const passwd =
    "root:x:0:0::/root:/bin/sh\npostgres2:x:7:7::/:/bin/sh\npostgres:x:101:104::/:/bin/sh";
  expect(accountNamed("postgres", passwd)).toEqual({ uid: 101, gid: 104 });
  expect(accountNamed("root", passwd)).toBeUndefined();
  expect(accountNamed("mysql", passwd)).toBeUndefined();
});
