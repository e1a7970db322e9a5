/** One figure of one system, with the value of every round. */
export type FigureRow = {
  readonly figure: string;
  readonly system: string;
  readonly values: readonly number[];
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Hookdesk's median divided by this one's; null for Hookdesk itself and where one of them is nothing. */
  readonly ratio: number | null;
};

/** The system that all others are compared with. */
const compared = "hookdesk";

/** What one scenario measured. */
export class Figures {
  readonly #noted = new Map<string, Map<string, number[]>>();

  /** Adds the value of one round; `figure` is a name with its unit. */
  note(system: string, figure: string, value: number): void {
    const systems = this.#noted.get(figure) ?? new Map<string, number[]>();
    this.#noted.set(figure, systems);
    systems.set(system, [...(systems.get(system) ?? []), value]);
  }

  /** In the order in which they were first noted, the systems of one figure together. */
  rows(): readonly FigureRow[] {
    return [...this.#noted].flatMap(([figure, systems]) => {
      const base = medianOf(systems.get(compared) ?? []);
      return [...systems].map(([system, values]) => rowOf({ figure, system, values }, base));
    });
  }
}

function rowOf(noted: Pick<FigureRow, "figure" | "system" | "values">, base: number): FigureRow {
  const median = medianOf(noted.values);
  const ratio = noted.system === compared || base === 0 || median === 0 ? null : base / median;
  return {
    ...noted,
    median,
    min: Math.min(...noted.values),
    max: Math.max(...noted.values),
    ratio,
  };
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}
