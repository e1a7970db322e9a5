import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer } from "node:net";
import { eventually } from "../../support/eventually.ts";
import { openProcessStage, type ProcessStage } from "../../support/process-stage.ts";
import { becomesReady, startProcess, startUnread, statusOf } from "../../support/process.ts";

let stage: ProcessStage;
beforeAll(async () => {
  stage = await openProcessStage();
});
afterAll(async () => stage.close());

const misconfigured = 2;

/** Takes a port as another program does, which shares it with nobody. */
async function takePort(): Promise<{ readonly port: number; readonly free: () => void }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { port: address.port, free: () => server.close() };
}

describe("a process that is started", () => {
  test("with settings that cannot work ends with code 2 and names all of them, and no secret", async () => {
    const process = startProcess(
      { PORT: "many", DATABASE_URL: "canary-secret", CHAT2DESK_API_TOKEN: "canary secret" },
      "everything",
    );
    expect(await process.exited).toBe(misconfigured);
    for (const name of ["--role", "PORT", "DATABASE_URL", "REDIS_URL", "CHAT2DESK_API_TOKEN"]) {
      expect(process.output()).toContain(name);
    }
    expect(process.output()).not.toContain("canary");
  });

  test("on a port of another program ends with code 1 and says so", async () => {
    const taken = await takePort();
    const process = stage.start("web", { PORT: `${taken.port}` });
    expect(await process.exited).toBe(1);
    expect(process.output()).toContain("Hookdesk cannot start:\n  Error EADDRINUSE");
    taken.free();
  });

  test("opens a port only as web or all: the others do not mind who has it", async () => {
    const taken = await takePort();
    const others = ["worker", "outbox", "cron"].map((role) =>
      stage.start(role, { PORT: `${taken.port}` }),
    );
    for (const process of others) {
      await eventually("it runs", () => process.output().includes('"message":"running"'));
      expect(process.output()).not.toContain("listening");
      expect(process.running()).toBe(true);
      await process.end();
    }
    taken.free();
  });

  test("shares its port with its like, and each of them is ready before it listens", async () => {
    const pair = [stage.start("web"), stage.start("web")];
    for (const process of pair) {
      await eventually("it listens", () => process.output().includes('"message":"listening"'));
      const lines = process.output().split("\n");
      const at = (message: string) => lines.findIndex((line) => line.includes(`"${message}"`));
      expect(at("running")).toBeLessThan(at("listening"));
    }
    const [first] = pair;
    const statuses = await Promise.all(
      Array.from({ length: 50 }, () => statusOf(`${first?.url}/health/ready`)),
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
    for (const process of pair) await process.end();
  });

  test("migrates once when many start at the same time, and knows the origin of the environment", async () => {
    const own = await openProcessStage();
    await own.database.rows("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    const processes = ["web", "worker", "worker", "outbox", "cron"].map((role) => own.start(role));
    for (const process of processes) {
      await eventually("it runs", () => process.output().includes('"message":"running"'));
    }
    const migrated = processes.filter((process) => process.output().includes('"migrated"'));
    expect(migrated).toHaveLength(1);
    const origins = await own.database.rows("SELECT channel, origin_key FROM origins");
    expect(origins).toEqual([{ channel: "chat2desk", origin_key: "default" }]);
    await own.close();
  });

  test("goes on when nobody reads its log any more", async () => {
    const process = startUnread(stage.environment, "web");
    await becomesReady(process);
    for (let message = 1; message <= 20; message += 1) {
      await fetch(`${process.url}/webhook/chat2desk`, { method: "POST", body: "{}" });
      await stage.platform.say({ clientId: message, text: "Hi" });
    }
    expect(await statusOf(`${process.url}/health/live`)).toBe(200);
    expect(process.running()).toBe(true);
    await process.end();
  });
});
