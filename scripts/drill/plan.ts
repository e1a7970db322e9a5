import { seededRandom } from "../../src/channels/chat2desk/fake/seeded-random.ts";
import { catalogue } from "./faults/catalogue.ts";
import type { Fault } from "./faults/fault.ts";
import type { DrillOptions } from "./options.ts";
import type { RunPlan } from "./run.ts";

/** The runs of `--short`: one of each kind that a change is most likely to break. */
const shortNames = ["worker-killed", "redis-emptied", "worker-commit-unknown"];
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
  const alone = options.pairs ? [] : catalogue.map((fault) => [fault]);
  const count = options.runs ?? (options.pairs ? 10 : alone.length);
  const pairs = pairsOf(seed, Math.max(0, count - alone.length));
  return [...alone, ...pairs].slice(0, count).map(runOf);
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
