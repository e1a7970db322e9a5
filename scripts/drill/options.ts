import { parseArgs } from "node:util";

export type DrillOptions = {
  readonly seed: number;
  readonly runs: number | null;
  readonly faults: readonly string[];
  readonly list: boolean;
  readonly pairs: boolean;
  readonly mutants: boolean;
  readonly short: boolean;
  readonly keep: boolean;
  readonly calmMs: number;
  readonly faultMs: number;
  readonly clients: number;
  readonly report: string | null;
  /** Only mutants whose names hold this. */
  readonly mutant: string | null;
  readonly help: boolean;
};

const calmSDefault = 3;
const faultSDefault = 14;
const clientsDefault = 24;

/** Reads the command line; throws on options that it does not know. */
export function readOptions(args: readonly string[]): DrillOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: "string" },
      runs: { type: "string" },
      fault: { type: "string", multiple: true },
      list: { type: "boolean", default: false },
      pairs: { type: "boolean", default: false },
      mutants: { type: "boolean", default: false },
      short: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
      calm: { type: "string" },
      duration: { type: "string" },
      clients: { type: "string" },
      report: { type: "string" },
      mutant: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  return {
    seed: numberOf(values.seed, 1),
    runs: values.runs === undefined ? null : numberOf(values.runs, 1),
    faults: (values.fault ?? []).flatMap((names) => names.split(",")),
    list: values.list,
    pairs: values.pairs,
    mutants: values.mutants || values.mutant !== undefined,
    short: values.short,
    keep: values.keep,
    calmMs: numberOf(values.calm, calmSDefault) * 1_000,
    faultMs: numberOf(values.duration, faultSDefault) * 1_000,
    clients: numberOf(values.clients, clientsDefault),
    report: values.report ?? null,
    mutant: values.mutant ?? null,
    help: values.help,
  };
}

function numberOf(text: string | undefined, otherwise: number): number {
  const value = Number(text ?? otherwise);
  if (!Number.isFinite(value) || value < 0) throw new Error(`${text} is not a number`);
  return value;
}

export const usage = `npm run drill -- [options]
  --list             the faults, one a line
  --fault NAME       this fault (several: together in one run); without it every fault, each alone
  --pairs            random pairs of faults
  --runs N           so many runs: faults alone and random pairs, chosen by the seed
  --seed N           of the first run; each further run has the next one (1)
  --duration S       how long faults last (${faultSDefault})      --calm S   before the first fault (${calmSDefault})
  --clients N        clients who write at the same time (${clientsDefault})
  --short            three quick runs: a worker killed, Redis emptied, an unknown commit
  --mutants          puts known bugs into a copy, one at a time: each must be caught; --mutant WORD takes only some
  --report FILE      also writes the report there
  --keep             keeps histories and logs of green runs as well`;
