import { paint, type Terminal } from "./terminal.ts";

export type Column = {
  readonly title: string;
  readonly align?: "right";
};

const gap = "  ";
const cutMark = "…";
/** A last column is never cut below this, however narrow the screen. */
const lastWidthMin = 20;

/** Lines up cells under their titles. Where the screen is known, the last column is cut to it; cells are one line each. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  terminal: Pick<Terminal, "width" | "colours">,
): string {
  const widths = columns.map((column, at) =>
    Math.max(
      ...[column.title, ...rows.map((row) => row[at] ?? "")].map((cell) => Bun.stringWidth(cell)),
    ),
  );
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + gap.length, 0);
  const room = Math.max(lastWidthMin, (terminal.width ?? Number.POSITIVE_INFINITY) - before);
  const lineOf = (cells: readonly string[]): string =>
    columns
      .map((column, at) => {
        const cell = cells[at] ?? "";
        const last = at === columns.length - 1;
        return last && column.align === undefined
          ? cut(cell, room)
          : fill(cell, widths[at] ?? 0, column);
      })
      .join(gap)
      .trimEnd();
  const titles = paint(terminal, "dim", lineOf(columns.map((column) => column.title)));
  return `${[titles, ...rows.map(lineOf)].join("\n")}\n`;
}

/** Names and their values, one pair per line. */
export function formatPairs(
  pairs: readonly (readonly [string, string])[],
  terminal: Pick<Terminal, "colours">,
): string {
  const width = Math.max(...pairs.map(([name]) => Bun.stringWidth(name)));
  return pairs
    .map(([name, value]) => `${gap}${paint(terminal, "dim", name.padEnd(width))}${gap}${value}\n`)
    .join("");
}

function fill(cell: string, width: number, { align }: Column): string {
  const blanks = " ".repeat(Math.max(0, width - Bun.stringWidth(cell)));
  return align === "right" ? blanks + cell : cell + blanks;
}

function cut(cell: string, width: number): string {
  if (Bun.stringWidth(cell) <= width) return cell;
  let kept = "";
  for (const letter of cell) {
    if (Bun.stringWidth(kept + letter) >= width) break;
    kept += letter;
  }
  return kept + cutMark;
}
