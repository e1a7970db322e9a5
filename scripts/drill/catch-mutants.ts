import { rmSync } from "node:fs";
import { join } from "node:path";
import { CannotStart } from "../services/service.ts";
import { faultNamed } from "./faults/catalogue.ts";
import { type Mutant, mutants } from "./mutants.ts";
import type { DrillOptions } from "./options.ts";
import type { RunResult } from "./run.ts";
import type { Session } from "./session.ts";
import { copyTree } from "./tree.ts";

/** What is lost stays lost: a mutant's run need not wait for it as long as a real one, ms. */
const drainMs = 25_000;
/** A bug may need a second seed to show itself. */
const seedsMax = 3;

/** Runs each deliberate bug against the fault that is aimed at it; resolves with whether all of them were caught. */
export async function catchMutants(
  options: DrillOptions,
  { session, say }: { readonly session: Session; readonly say: (line: string) => void },
): Promise<boolean> {
  const wanted = mutants.filter(
    ({ name }) => options.mutant === null || name.includes(options.mutant),
  );
  const escaped: string[] = [];
  for (const mutant of wanted) {
    say(`mutant: ${mutant.name} (${mutant.what})`);
    const caughtBy = await caught(mutant, options, session);
    if (caughtBy === null) escaped.push(mutant.name);
    say(caughtBy === null ? `ESCAPED  ${mutant.name}` : `caught   ${mutant.name}: ${caughtBy}`);
  }
  say(`${wanted.length - escaped.length} of ${wanted.length} mutants were caught`);
  return wanted.length > 0 && escaped.length === 0;
}

async function caught(
  mutant: Mutant,
  options: DrillOptions,
  session: Session,
): Promise<string | null> {
  const fault = faultNamed(mutant.fault);
  if (fault === undefined) throw new CannotStart(`There is no fault ${mutant.fault}.`);
  const tree = copyTree(join(session.folder, "tree"), mutant.patches);
  try {
    for (let index = 0; index < seedsMax; index += 1) {
      const { calmMs, faultMs, clients } = options;
      const seed = options.seed + index;
      const result = await session.play(
        { faults: [fault], seed, calmMs, faultMs, clients, drainMs },
        tree,
      );
      const broken = brokenBy(mutant, result);
      if (broken !== null) return broken;
    }
    return null;
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

/** The first invariant that broke among those that this bug must break. */
function brokenBy({ breaks }: Mutant, { verdicts }: RunResult): string | null {
  const broken = verdicts.find(
    ({ invariant, violations }) => violations.length > 0 && breaks.includes(invariant),
  );
  return broken === undefined
    ? null
    : `"${broken.invariant}" broke ${broken.violations.length} times`;
}
