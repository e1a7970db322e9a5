import { expect, test } from "bun:test";
import { join } from "node:path";

/** Half a minute on an idle machine; a busy one may need several times as long, ms. */
const timeoutMs = 240_000;

test(
  "the small bench finds every answer right, in every scenario",
  async () => {
    const root = join(import.meta.dir, "../..");
    const bench = Bun.spawn([process.execPath, join(root, "scripts/bench/bench.ts"), "--smoke"], {
      cwd: root,
      stdout: "pipe",
      stderr: "pipe",
    });
    try {
      const [said, complained] = await Promise.all([
        new Response(bench.stdout).text(),
        new Response(bench.stderr).text(),
      ]);
      expect(`${said}\n${complained}`).toContain("bench: every answer was right");
      expect(await bench.exited).toBe(0);
    } finally {
      // It ends everything that it started.
      bench.kill("SIGTERM");
      await bench.exited;
    }
  },
  timeoutMs,
);
