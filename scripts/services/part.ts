import type { SummaryRow } from "./summary.ts";

/** One part of the system: its line of the summary and what the parts after it need to know. */
export type Part = {
  readonly row: SummaryRow;
  readonly environment: Readonly<Record<string, string>>;
};
