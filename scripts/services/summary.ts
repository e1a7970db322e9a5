import { styleText } from "node:util";

export type SummaryRow = { readonly name: string; readonly where: string; readonly note: string };

const columnGap = 3;

/** Colours are for people: none in files and pipes, or where NO_COLOR asks for none. */
function paint(style: "bold" | "cyan" | "dim" | "green", text: string): string {
  const plain = process.stdout.isTTY !== true || process.env["NO_COLOR"] !== undefined;
  return plain ? text : styleText(style, text);
}

function column(texts: readonly string[]): number {
  return Math.max(...texts.map((text) => text.length)) + columnGap;
}

/** The page that `npm start` prints when everything runs. */
export function startSummary(rows: readonly SummaryRow[], next: readonly string[]): string {
  const nameWidth = column(rows.map(({ name }) => name));
  const whereWidth = column(rows.map(({ where }) => where));
  const table = rows.map(({ name, where, note }) => {
    const address = paint("cyan", where) + " ".repeat(whereWidth - where.length);
    return `  ${name.padEnd(nameWidth)}${address}${paint("dim", note)}`;
  });
  const title = `  ${paint("green", "●")} ${paint("bold", "Hookdesk is running")}`;
  return [
    "",
    title,
    "",
    ...table,
    "",
    ...next.map((line) => (line === "" ? "" : `  ${line}`)),
    "",
  ].join("\n");
}

/** A command that is there to be copied. */
export function commandLine(command: string): string {
  return `  ${paint("bold", command)}`;
}
