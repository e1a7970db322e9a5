import type { FigureRow } from "./figures.ts";

const columnGap = 2;
const heads = ["", "", "median", "min", "max", "hookdesk ÷ it"] as const;

/** The rows as a table for people; a figure is named once, its systems stand below each other. */
export function tableOf(rows: readonly FigureRow[]): string {
  const alone = rows.every(({ ratio }) => ratio === null);
  const shownHeads = alone ? heads.slice(0, -1) : heads;
  const cells = rows.map((row, index) => cellsOf(row, rows[index - 1]?.figure !== row.figure));
  const widths = shownHeads.map((head, column) =>
    Math.max(head.length, ...cells.map((line) => (line[column] ?? "").length)),
  );
  return [shownHeads, ...cells].map((line) => lineOf(line, widths)).join("\n");
}

function cellsOf({ figure, system, median, min, max, ratio }: FigureRow, first: boolean): string[] {
  const name = first ? figure : "";
  const factor = ratio === null ? "" : ratio.toFixed(2);
  return [name, system, shown(median), shown(min), shown(max), factor];
}

function lineOf(cells: readonly string[], widths: readonly number[]): string {
  const padded = cells.map((cell, column) => {
    const width = widths[column] ?? 0;
    return column < 2 ? cell.padEnd(width) : cell.padStart(width);
  });
  return `  ${padded.join(" ".repeat(columnGap))}`.trimEnd();
}

/** Three digits that count. */
function shown(value: number): string {
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString("en");
  if (size >= 10) return value.toFixed(1);
  return value.toFixed(size >= 1 ? 2 : 3);
}
