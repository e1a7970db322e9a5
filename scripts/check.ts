/**
 * `npm run check`: everything that can be judged without running Hookdesk. It first proves that its tools see, then lets
 * each look at the project; a step that fails does not keep the others from speaking.
 */
import { join } from "node:path";
import { PLANTS } from "./quality/plant.ts";
import { proveTools } from "./quality/proof.ts";
import { STRICTNESS_PLANTS } from "./quality/strictness-plants.ts";
import { type Report, TOOLS } from "./quality/tools.ts";

type Step = { readonly name: string; readonly run: () => Promise<Report> };

const ROOT = join(import.meta.dir, "..");
const NAME_WIDTH = 14;

async function report({ name, run }: Step): Promise<boolean> {
  const start = performance.now();
  const { ok, output } = await run();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${name.padEnd(NAME_WIDTH)}${ok ? "ok    " : "FAILED"} ${seconds.padStart(5)} s`);
  if (!ok) console.log(`${output.replace(/^/gm, "  ")}\n`);
  return ok;
}

async function main(): Promise<void> {
  const steps: readonly Step[] = [
    { name: "self-proof", run: () => proveTools(ROOT, TOOLS, [...PLANTS, ...STRICTNESS_PLANTS]) },
    ...TOOLS.map(({ name, run }) => ({ name, run: () => run(ROOT) })),
  ];
  const failed: string[] = [];
  for (const step of steps) {
    if (!(await report(step))) failed.push(step.name);
  }
  console.log(failed.length === 0 ? "check: ok" : `check: failed (${failed.join(", ")})`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}

await main();
