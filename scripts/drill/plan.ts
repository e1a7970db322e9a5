import { seededRandom } from "../../src/fake-platform/seeded-random.ts";
import { catalogue } from "./faults/catalogue.ts";
import type { Fault } from "./faults/fault.ts";
import type { DrillOptions } from "./options.ts";
import type { RunPlan } from "./run.ts";

/** The runs of `--short`: one of each kind that a change is most likely to break. */
const shortNames = ["worker-killed", "redis-emptied", "worker-commit-unknown"];
const pairsDefault = 10;
const shortFaultMs = 6_000;
const shortCalmMs = 1_500;
/** The stuck rule's 60 s, and what the tight limits need for a full backlog. */
const drainMs = 90_000;

/** What may not be disturbed by something else, because it judges what nothing else may touch. */
const loners = [
  "none",
  "rolling-restart",
  "redis-absent-at-start",
  "everything-killed",
  "postmaster-killed",
  "backend-killed",
];

/** Which faults meet in which run: those chosen in one run; else each alone, and random pairs when asked for or when more runs are. */
export function planRuns(options: DrillOptions, chosen: readonly Fault[]): readonly RunPlan[] {
  const { seed, calmMs, faultMs, clients } = options;
  const runOf = (faults: readonly Fault[], index: number): RunPlan => ({
    faults,
    seed: seed + index,
    calmMs,
    faultMs,
    clients,
    drainMs,
  });
  if (options.short) return shortRuns(options);
  if (chosen.length > 0)
    return Array.from({ length: options.runs ?? 1 }, (_, index) => runOf(chosen, index));
  const count = options.runs ?? (options.pairs ? pairsDefault : catalogue.length);
  return mixed(seed, count, options.pairs).map(runOf);
}

/** Of few runs a third are pairs; of more than there are faults, each fault has its own and the rest are pairs. */
function mixed(seed: number, count: number, pairsOnly: boolean): readonly (readonly Fault[])[] {
  if (pairsOnly) return pairsOf(seed, count);
  if (count >= catalogue.length)
    return [...catalogue.map((fault) => [fault]), ...pairsOf(seed, count - catalogue.length)];
  const random = seededRandom(seed);
  const shuffled = catalogue
    .map((fault) => ({ fault, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ fault }) => [fault]);
  const pairs = pairsOf(seed, Math.floor(count / 3));
  return [...shuffled.slice(0, count - pairs.length), ...pairs];
}

function shortRuns({ seed, clients }: DrillOptions): readonly RunPlan[] {
  return catalogue
    .filter(({ name }) => shortNames.includes(name))
    .map((fault, index) => ({
      faults: [fault],
      seed: seed + index,
      calmMs: shortCalmMs,
      faultMs: shortFaultMs,
      clients,
      drainMs,
    }));
}

function pairsOf(seed: number, count: number): readonly (readonly Fault[])[] {
  const random = seededRandom(seed);
  const social = catalogue.filter(({ name }) => !loners.includes(name));
  const draw = () => social[Math.floor(random() * social.length)];
  return Array.from({ length: count }, () => {
    const first = draw();
    let second = draw();
    while (second === first) second = draw();
    return [first, second].filter((fault) => fault !== undefined);
  });
}
