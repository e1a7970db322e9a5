import type { LedgerCounts, LedgerLine } from "../ledger/ledger.ts";
import type { Command } from "./command.ts";
import { type Desk, exitCodes } from "./desk.ts";
import { formatTable } from "./table.ts";
import { counted, paint, plainLine, several } from "./terminal.ts";

const accounts = [
  "received",
  "applied",
  "duplicate",
  "ignored",
  "parked",
  "discarded",
  "pending",
] as const satisfies readonly (keyof LedgerCounts)[];

const columns = [
  { title: "TENANT" },
  { title: "ORIGIN" },
  ...accounts.map((account) => ({ title: account.toUpperCase(), align: "right" }) as const),
];

/** `ledger`: fails when an origin does not balance. */
export async function printLedger(
  command: Extract<Command, { readonly type: "ledger" }>,
  desk: Desk,
): Promise<number> {
  const { terminal } = desk;
  const lines = await desk.ledger(command.filter);
  const unbalanced = lines.filter((line) => line.missing !== 0);
  if (command.json) {
    const balanced = unbalanced.length === 0;
    terminal.out(`${JSON.stringify({ balanced, origins: lines.map(asJson) }, null, 2)}\n`);
  } else if (lines.length === 0) {
    terminal.out("There is no such origin.\n");
    return exitCodes.failed;
  } else {
    terminal.out(formatTable(columns, [...lines.map(cellsOf), ...totalOf(lines)], terminal));
    terminal.out("\n");
    for (const line of unbalanced) terminal.out(`${paint(terminal, "red", complaint(line))}\n`);
    if (unbalanced.length === 0)
      terminal.out(`${paint(terminal, "green", "It balances.")} Every event is accounted for.\n`);
  }
  return unbalanced.length === 0 ? exitCodes.ok : exitCodes.failed;
}

function asJson({ tenantName, originName, tenant, origin, ...counts }: LedgerLine) {
  return { tenant: tenantName, tenantId: tenant, origin: originName, originId: origin, ...counts };
}

function cellsOf(line: LedgerLine): readonly string[] {
  const numbers = accounts.map((account) => counted(line[account]));
  return [plainLine(line.tenantName), plainLine(line.originName), ...numbers];
}

function totalOf(lines: readonly LedgerLine[]): readonly (readonly string[])[] {
  if (lines.length < 2) return [];
  const sums = accounts.map((account) => lines.reduce((sum, line) => sum + line[account], 0));
  return [["all", "", ...sums.map(counted)]];
}

function complaint(line: LedgerLine): string {
  const where = plainLine(`${line.tenantName}, ${line.originName}`);
  const difference =
    line.missing > 0
      ? `${several(line.missing, "event")} received and not accounted for`
      : `${several(-line.missing, "event")} accounted for and never received`;
  return `It does not balance. ${where}: ${difference}.`;
}
