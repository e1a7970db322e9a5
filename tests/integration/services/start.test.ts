import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { outsideFolderOf, ownFolder, projectFolder } from "../../../scripts/services/folders.ts";
import { freePort } from "../../../scripts/services/ports.ts";
import { identify, isRunning, signalProcess } from "../../../scripts/services/process-identity.ts";
import { until } from "../../../scripts/services/until.ts";

/** The real launcher over a pipeline and a platform that only listen. */
const standIn = (port: string) => `
  const server = Bun.serve({ port: Number(process.env["${port}"]), hostname: "127.0.0.1", fetch: () => new Response() });
  console.log(JSON.stringify({ ready: true, port: server.port }));
`;
const startDeadlineMs = 60_000;
const recordShape = z.object({
  processes: z.array(z.object({ name: z.string(), pid: z.number(), startedAt: z.string() })),
});

type Launched = {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  output: string;
};

describe("npm start", () => {
  let project = "";
  let port = 0;
  let running: Launched[] = [];

  beforeAll(async () => {
    project = ownFolder(mkdtempSync(join(tmpdir(), "hookdesk-start-")), "enter");
    cpSync(join(projectFolder, "scripts"), join(project, "scripts"), { recursive: true });
    symlinkSync(join(projectFolder, "node_modules"), join(project, "node_modules"));
    mkdirSync(join(project, "src"));
    await Bun.write(join(project, "src", "main.ts"), standIn("PORT"));
    await Bun.write(join(project, "scripts", "platform.ts"), standIn("FAKE_CHAT2DESK_PORT"));
    // A Redis that was already fetched for the project is not fetched again.
    const cache = join(projectFolder, ".hookdesk", "cache");
    mkdirSync(join(project, ".hookdesk"));
    if (existsSync(cache)) symlinkSync(cache, join(project, ".hookdesk", "cache"));
    port = await freePort();
  });
  afterEach(async () => {
    for (const { child } of running) child.kill("SIGTERM");
    for (const { exited } of running) await exited;
    running = [];
  });
  afterAll(() => {
    for (const path of [project, outsideFolderOf(project)]) {
      rmSync(path, { recursive: true, force: true });
    }
  });

  function launch(): Launched {
    const own = /^(DATABASE_URL|REDIS_URL|HOST|CHAT2DESK_)/;
    const inherited = Object.entries(process.env).filter(([name]) => !own.test(name));
    const child = spawn(process.execPath, ["--no-env-file", "scripts/start.ts"], {
      cwd: project,
      env: { ...Object.fromEntries(inherited), PORT: String(port) },
    });
    const { promise: exited, resolve } = Promise.withResolvers<number | null>();
    child.on("close", resolve);
    const launched: Launched = { child, exited, output: "" };
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (bytes) => {
        launched.output += String(bytes);
      });
    }
    running.push(launched);
    return launched;
  }

  async function launchReady(): Promise<Launched> {
    const launched = launch();
    const ready = () =>
      launched.output.includes("Hookdesk is running") ||
      launched.child.exitCode !== null ||
      undefined;
    await until(ready, { deadlineMs: startDeadlineMs });
    expect(launched.output).toContain("Hookdesk is running");
    return launched;
  }

  function recordFile(): string {
    return join(project, ".hookdesk", "runs", "start.json");
  }

  function recorded() {
    return recordShape.parse(JSON.parse(readFileSync(recordFile(), "utf8"))).processes;
  }

  async function stillRunning(processes: ReturnType<typeof recorded>): Promise<string[]> {
    const states = await Promise.all(processes.map(isRunning));
    return processes.filter((_, index) => states[index]).map(({ name }) => name);
  }

  test("prints what runs where and the command that sends the first message", async () => {
    const { output } = await launchReady();
    expect(output).toContain(`http://127.0.0.1:${port}`);
    expect(output).toContain("npm run simulate -- --clients 1");
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
  });

  test("Ctrl-C stops everything that was started", async () => {
    const { child, exited } = await launchReady();
    const processes = recorded();
    expect(processes).toHaveLength(4);
    expect(await stillRunning(processes)).toHaveLength(4);
    child.kill("SIGINT");
    expect(await exited).toBe(0);
    expect(await stillRunning(processes)).toEqual([]);
    expect(existsSync(recordFile())).toBe(false);
  });

  test("a second start in the same folder is refused and harms the first in nothing", async () => {
    await launchReady();
    const second = launch();
    expect(await second.exited).toBe(1);
    expect(second.output).toContain("already runs from this folder");
    expect(await stillRunning(recorded())).toHaveLength(4);
  });

  test("a launcher that was killed leaves nothing that blocks the next start", async () => {
    const { child, exited } = await launchReady();
    const orphans = recorded();
    child.kill("SIGKILL");
    await exited;
    expect(await stillRunning(orphans)).toHaveLength(4);
    await launchReady();
    expect(await stillRunning(orphans)).toEqual([]);
  });

  test("a taken port is said with what to do, and nothing is left behind", async () => {
    const holder = Bun.serve({ port, fetch: () => new Response() });
    const { exited, output } = await endOf(launch());
    await holder.stop(true);
    expect(exited).toBe(1);
    expect(output).toContain(`Port ${port} is taken`);
    expect(output).toContain("PORT=");
    expect(existsSync(recordFile())).toBe(false);
  });

  test("when one part dies it is named and the rest is stopped", async () => {
    const launched = await launchReady();
    const processes = recorded();
    const platform = processes.find(({ name }) => name === "The fake Chat2Desk");
    signalProcess(platform?.pid ?? 0, "SIGKILL");
    const { exited, output } = await endOf(launched);
    expect(exited).toBe(1);
    expect(output).toContain("The fake Chat2Desk was ended by SIGKILL");
    expect(await stillRunning(processes)).toEqual([]);
  });

  test("a pipeline that does not come up is named with the end of its log", async () => {
    const main = join(project, "src", "main.ts");
    await Bun.write(main, 'console.log("no such table"); process.exit(3);');
    const { exited, output } = await endOf(launch());
    await Bun.write(main, standIn("PORT"));
    expect(exited).toBe(1);
    expect(output).toContain("The pipeline ended with code 3 while it started");
    expect(output).toContain("no such table");
    expect(existsSync(recordFile())).toBe(false);
  });

  async function endOf(launched: Launched) {
    const exited = await launched.exited;
    return { exited, output: launched.output };
  }
});

test("a process is known again only by its number and its start together", async () => {
  const self = await identify(process.pid);
  expect(self !== undefined && (await isRunning(self))).toBe(true);
  expect(await isRunning({ pid: process.pid, startedAt: "another time" })).toBe(false);
});
