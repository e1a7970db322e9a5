import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { identify, isRunning } from "../../../scripts/services/process-identity.ts";
import { type RunningRedis, startRedis } from "../../../scripts/services/redis.ts";
import { isNewEnough } from "../../../scripts/services/redis-program.ts";

const launcher = `
  const { startRedis } = await import(process.argv[1]);
  const server = await startRedis({ dataDir: process.argv[2], keep: true });
  console.log(server.pid);
  setInterval(() => {}, 1_000);
`;
const module = join(import.meta.dir, "../../../scripts/services/redis.ts");

async function withServer<Result>(
  dataDir: string,
  work: (client: Redis, server: RunningRedis) => Promise<Result>,
): Promise<Result> {
  const server = await startRedis({ dataDir, keep: true });
  const client = new Redis(server.url);
  try {
    return await work(client, server);
  } finally {
    client.disconnect();
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

describe("the embedded Redis", () => {
  let dataDir = "";
  beforeAll(async () => {
    dataDir = realpathSync(mkdtempSync(join(tmpdir(), "hookdesk-redis-")));
    await withServer(dataDir, (client) => client.set("word", "still here"));
  });
  afterAll(() => rmSync(dataDir, { recursive: true }));

  test("a second start finds the data of the first", async () => {
    expect(await withServer(dataDir, (client) => client.get("word"))).toBe("still here");
  });

  test("a server whose launcher was killed is gone before the next one opens its file", async () => {
    const orphan = await identify(await orphanServer(dataDir));
    expect(orphan).toBeDefined();
    expect(await withServer(dataDir, (client) => client.get("word"))).toBe("still here");
    expect(orphan !== undefined && (await isRunning(orphan))).toBe(false);
  });

  test("a pid file whose number belongs to another program now harms neither", async () => {
    const other = Bun.spawn(["sleep", "60"], { cwd: "/" });
    const before = await identify(other.pid);
    expect(before).toBeDefined();
    writeFileSync(join(dataDir, "redis.pid"), `${other.pid}\n`);
    expect(await withServer(dataDir, (client) => client.get("word"))).toBe("still here");
    expect(await identify(other.pid)).toEqual(before);
    other.kill();
    await other.exited;
  });

  test("it writes what it holds to its file and throws nothing away", async () => {
    const settings = await withServer(dataDir, (client) =>
      Promise.all(
        ["appendonly", "appendfsync", "maxmemory-policy", "save"].map((name) =>
          client.config("GET", name),
        ),
      ),
    );
    expect(settings.flat()).toEqual([
      ...["appendonly", "yes"],
      ...["appendfsync", "everysec"],
      ...["maxmemory-policy", "noeviction"],
      ...["save", ""],
    ]);
  });

  test("nobody talks to it without the password", async () => {
    await withServer(dataDir, async (_, { port }) => {
      const stranger = new Redis({ port, host: "127.0.0.1" });
      stranger.on("error", () => {
        // The refusal is judged by the command below.
      });
      await expect(stranger.get("word")).rejects.toThrow("NOAUTH");
      stranger.disconnect();
    });
  });
});

test("a server older than 6.2 is not taken, whatever it calls itself", () => {
  expect(isNewEnough("Redis server v=6.0.16 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64")).toBe(
    false,
  );
  expect(isNewEnough("Redis server v=6.2.0 sha=00000000:0")).toBe(true);
  expect(isNewEnough("Redis server v=7.0.15 sha=00000000:0")).toBe(true);
  expect(isNewEnough("Valkey server v=8.0.1 sha=00000000:0")).toBe(true);
  expect(isNewEnough("Redis server v=10.0.0")).toBe(true);
  expect(isNewEnough("something else")).toBe(false);
});
