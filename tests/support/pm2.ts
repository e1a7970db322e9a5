import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { run } from "../../scripts/services/command.ts";
import { eventually } from "./eventually.ts";

/** The project's own pm2 with a daemon of the test's own. */
export type Pm2 = {
  /** @throws when the command fails. */
  readonly run: (...args: readonly string[]) => Promise<string>;
  readonly list: () => Promise<readonly Pm2Process[]>;
  /** What the processes of a name have printed on both streams; kept until the test's end. */
  readonly printed: (name: string) => string;
  readonly daemonLives: () => boolean;
  /** Ends everything that was started and removes the daemon's folder. Safe to call twice. */
  readonly kill: () => Promise<void>;
};

export type Pm2Process = {
  readonly name: string;
  readonly pid: number;
  readonly status: string;
  readonly restarts: number;
};

const projectFolder = join(import.meta.dir, "..", "..");
const pm2Program = join(projectFolder, "node_modules", "pm2", "bin", "pm2");
const commandMs = 60_000;

const listed = z.array(
  z.object({
    name: z.string(),
    pid: z.number(),
    pm2_env: z.object({ status: z.string(), restart_time: z.number() }),
  }),
);

/** Prepares a pm2 whose processes get this environment; its daemon starts with the first command. */
export function openPm2(environment: Readonly<Record<string, string>>): Pm2 {
  // Short, because the path of a socket is made of it.
  const home = mkdtempSync(join(tmpdir(), "pm2-"));
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    PM2_HOME: home,
    PM2_DISABLE_VERSION_CHECK: "true",
    ...environment,
  };
  const runner = Bun.which("node") ?? process.execPath;
  let daemonPid: number | null = null;
  let last = new Map<string, string>();

  const command = async (...args: readonly string[]): Promise<string> => {
    const given = [pm2Program, ...args];
    const result = await run(runner, given, { cwd: projectFolder, env, timeoutMs: commandMs });
    daemonPid ??= pidIn(join(home, "pm2.pid"));
    if (!result.ok) throw new Error(`pm2 ${args[0]} failed: ${result.stderr || result.stdout}`);
    return result.stdout;
  };

  return {
    run: command,
    list: async () => {
      const text = await command("jlist", "--silent");
      const processes = listed.parse(JSON.parse(text.slice(text.indexOf("["))));
      return processes.map(({ name, pid, pm2_env }) => ({
        name,
        pid,
        status: pm2_env.status,
        restarts: pm2_env.restart_time,
      }));
    },
    printed: (name) => (existsSync(home) ? logsIn(home) : last).get(name) ?? "",
    daemonLives: () => daemonPid !== null && lives(daemonPid),
    kill: async () => {
      if (!existsSync(home)) return;
      await command("kill");
      await eventually("pm2's daemon has ended", () => daemonPid === null || !lives(daemonPid));
      last = logsIn(home);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function logsIn(home: string): Map<string, string> {
  const folder = join(home, "logs");
  const texts = new Map<string, string>();
  for (const file of existsSync(folder) ? readdirSync(folder) : []) {
    const name = file.replace(/-(?:out|error)\.log$/, "");
    texts.set(name, (texts.get(name) ?? "") + readFileSync(join(folder, file), "utf8"));
  }
  return texts;
}

function pidIn(file: string): number | null {
  return existsSync(file) ? Number(readFileSync(file, "utf8")) : null;
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
