import type { Verdict } from "./checker/verdict.ts";
import type { RunPlan, RunResult } from "./run.ts";

const violationsShown = 3;

/** Whether everything held and every fault fired. */
export function isGreen({ verdicts, complaints }: RunResult): boolean {
  return complaints.length === 0 && verdicts.every(({ violations }) => violations.length === 0);
}

/** One line per invariant, and on failure what went wrong and the smallest history of it. */
export function reportOf(plan: RunPlan, result: RunResult): string {
  const { verdicts, complaints, smallest, fired, seconds } = result;
  const names = Object.entries(fired).map(([name, times]) => `${name} (fired ${times})`);
  return [
    `${isGreen(result) ? "  ok" : "FAIL"}  seed ${plan.seed}  ${names.join(" + ")}  ${seconds.toFixed(1)} s`,
    ...verdicts.map(verdictLine),
    ...verdicts.flatMap(({ violations }) =>
      violations.slice(0, violationsShown).map(({ sentence }) => `        ${sentence}`),
    ),
    ...complaints.map((complaint) => `        ${complaint}`),
    ...smallest.map((line) => `        ${line}`),
  ].join("\n");
}

function verdictLine({ invariant, counts, violations }: Verdict): string {
  const numbers = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
  const mark = violations.length === 0 ? "holds " : `BROKEN ${violations.length}x`;
  return `      ${mark}  ${invariant.padEnd(40)} ${numbers.join(", ")}`;
}
