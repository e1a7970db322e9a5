import { parseArgs } from "node:util";
import { CannotStart } from "../services/service.ts";
import { scenarios } from "./catalogue.ts";
import type { Scenario } from "./scenario.ts";

export type BenchOptions = {
  readonly scenarios: readonly Scenario[];
  readonly rounds: number;
  readonly peers: readonly string[];
  readonly json: string | null;
  readonly smoke: boolean;
  readonly help: boolean;
};

const roundsDefault = 3;
const roundsMax = 100;

export const usage = `npm run bench -- [options]
  --scenario NAME[,NAME]   only these: ${scenarios.map(({ name }) => name).join(", ")}
  --runs N                 how often each system is measured, in turn (${roundsDefault})
  --peer PATH              a folder with a system to compare with; may be given several times
  --json FILE              also writes every value there
  --smoke                  small sizes, one run, under a minute: only right answers count`;

/** Reads the command line. @throws CannotStart on what it does not know. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parse(args);
  return {
    scenarios: chosen((values.scenario ?? []).flatMap((names) => names.split(","))),
    rounds: roundsOf(values.runs, values.smoke),
    peers: values.peer ?? [],
    json: values.json ?? null,
    smoke: values.smoke,
    help: values.help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        scenario: { type: "string", multiple: true },
        runs: { type: "string" },
        peer: { type: "string", multiple: true },
        json: { type: "string" },
        smoke: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new CannotStart(`${error instanceof Error ? error.message : "unreadable"}\n${usage}`);
  }
}

function chosen(names: readonly string[]): readonly Scenario[] {
  const unknown = names.filter((name) => !scenarios.some((one) => one.name === name));
  if (unknown.length > 0)
    throw new CannotStart(`There is no scenario ${unknown.join(", ")}.\n${usage}`);
  return names.length === 0 ? scenarios : scenarios.filter(({ name }) => names.includes(name));
}

function roundsOf(text: string | undefined, smoke: boolean): number {
  if (text === undefined) return smoke ? 1 : roundsDefault;
  const rounds = Number(text);
  if (Number.isInteger(rounds) && rounds >= 1 && rounds <= roundsMax) return rounds;
  throw new CannotStart(`--runs must be a whole number from 1 to ${roundsMax}.`);
}
