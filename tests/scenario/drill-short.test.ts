import { expect, test } from "bun:test";
import { join } from "node:path";

/** Three runs with their start and end; a busy machine may need several times as long as an idle one, ms. */
const timeoutMs = 240_000;

test(
  "the short drill is green: a worker killed, Redis emptied, an unknown commit",
  async () => {
    const root = join(import.meta.dir, "../..");
    const drill = Bun.spawn([process.execPath, join(root, "scripts/drill/drill.ts"), "--short"], {
      cwd: root,
      stdout: "pipe",
      stderr: "pipe",
    });
    try {
      const [said, complained] = await Promise.all([
        new Response(drill.stdout).text(),
        new Response(drill.stderr).text(),
      ]);
      expect(`${said}\n${complained}`).toContain("drill: everything held");
      expect(await drill.exited).toBe(0);
    } finally {
      // It ends everything that it started.
      drill.kill("SIGTERM");
      await drill.exited;
    }
  },
  timeoutMs,
);
