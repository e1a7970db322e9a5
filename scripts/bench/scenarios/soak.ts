import type { Figures } from "../figures/figures.ts";
import type { Load } from "../load/generator-process.ts";
import { type MemoryMb, memoryOf } from "../memory.ts";
import type { Bench, Scenario } from "../scenario.ts";
import { onStage, type Stage } from "../stage.ts";
import { hookdesk } from "../systems/hookdesk.ts";
import { perSecond, planOf, walkDialogs, warmUp } from "./dialogs.ts";
import { faultsOf } from "./faults.ts";

/** Clients who go on and on, for how long, when the beginning is over, and how often memory is looked at. */
const sizes = {
  full: { clients: 2_000, seconds: 600, beginningS: 120, everyS: 10 },
  smoke: { clients: 50, seconds: 3, beginningS: 1, everyS: 1 },
} as const;
/** Of what the system can do. */
const share = 0.5;
const saturatingClient = 1_000_000;
const soakingClient = 2_000_000;
const msPerS = 1_000;

/** Half of what it can do, for long: what grows, what falls behind, what goes wrong. */
export const soak: Scenario = {
  name: "soak",
  asserts: "every client is answered right to the end",
  run: (bench, figures) =>
    onStage(bench, hookdesk, { workers: true, work: (stage) => measure(bench, stage, figures) }),
};

async function measure(bench: Bench, stage: Stage, figures: Figures): Promise<readonly string[]> {
  const size = bench.smoke ? sizes.smoke : sizes.full;
  await warmUp(bench, stage);
  const most = await walkDialogs(bench, stage, { first: saturatingClient, count: size.clients });
  const rate = Math.max(1, Math.round(perSecond(most.settled) * share));
  const to = Math.ceil((rate * size.seconds) / size.clients);
  const load = await bench.generator.prepare(
    planOf(stage, { first: soakingClient, count: size.clients, to }),
  );
  const watch = watchOver(stage, load, size.everyS * msPerS);
  const posted = await load.post({ type: "rate", perSecond: rate });
  const looks = await watch.stop();
  const settled = await load.settle();
  figures.note(hookdesk.name, "offered messages/s", rate);
  figures.note(hookdesk.name, "answered messages/s", perSecond(settled));
  figures.note(hookdesk.name, "minutes", posted.seconds / 60);
  figures.note(hookdesk.name, "reply ms, p50", settled.replyMs.p50);
  figures.note(hookdesk.name, "reply ms, p99", settled.replyMs.p99);
  figures.note(hookdesk.name, "lag: most messages unanswered at a look", mostBehind(looks));
  figures.note(hookdesk.name, "refused webhooks", posted.refused);
  figures.note(hookdesk.name, "lines of warnings and errors", stage.system.complaints());
  noteMemory(figures, looks, Math.floor(size.beginningS / size.everyS));
  return faultsOf(posted, settled);
}

/** The state of things at one moment of the soak. */
type Look = { readonly memory: MemoryMb; readonly behind: number };

/** Looks now and then until it is stopped; resolves then with every look, the last one new. */
function watchOver(stage: Stage, load: Load, everyMs: number) {
  const looks: Promise<Look>[] = [];
  const look = async (): Promise<Look> => {
    const { sent, answered } = await load.progress();
    return { memory: memoryOf(stage.costing()), behind: sent - answered };
  };
  looks.push(look());
  const timer = setInterval(() => looks.push(look()), everyMs);
  return {
    stop: (): Promise<readonly Look[]> => {
      clearInterval(timer);
      looks.push(look());
      return Promise.all(looks);
    },
  };
}

function mostBehind(looks: readonly Look[]): number {
  return Math.max(...looks.map(({ behind }) => behind));
}

/** Memory of each process when the load began, when the beginning was over, and at its end. */
function noteMemory(figures: Figures, looks: readonly Look[], settledAt: number): void {
  const [start, settled, end] = [looks[0], looks[settledAt], looks.at(-1)];
  for (const name of Object.keys(start?.memory ?? {})) {
    figures.note(hookdesk.name, `memory MB, ${name}: at the start`, start?.memory[name] ?? 0);
    figures.note(hookdesk.name, `memory MB, ${name}: settled`, settled?.memory[name] ?? 0);
    figures.note(hookdesk.name, `memory MB, ${name}: at the end`, end?.memory[name] ?? 0);
  }
}
