import type { SimulationFindings } from "../../src/fake-platform/simulation/simulation-findings.ts";

/** The findings as lines for people: counts, latency, what the platform saw, the first problems and the verdict. */
export function findingsTable(findings: SimulationFindings): string {
  const { latencyMs } = findings;
  const rows: readonly (readonly [string, string])[] = [
    ["orders", `${findings.orders} of ${findings.clients}`],
    ["messages", String(findings.messages)],
    ["replies", String(findings.replies)],
    ["duplicates", String(findings.duplicates)],
    ["missing replies", String(findings.missing)],
    ["order violations", String(findings.orderViolations)],
    ["unacknowledged webhooks", String(findings.unacknowledged)],
    ["calls over the limit", String(findings.rateViolations)],
    ["latency p50 / p99 / max", [latencyMs.p50, latencyMs.p99, latencyMs.max].map(ms).join(" / ")],
    ...findings.accounts.map((account): readonly [string, string] => [
      `most in a window, ${account.account}`,
      `${account.maxInWindow} of ${account.limitCount} per ${account.limitWindowMs / 1000} s`,
    ]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
  const verdict = findings.faultless
    ? "Every client ordered and every message got exactly its reply."
    : "Something is wrong.";
  return ["", ...lines, "", ...findings.problems.map((problem) => `  ! ${problem}`), verdict].join(
    "\n",
  );
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}
