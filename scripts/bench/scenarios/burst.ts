import { costOf, type CpuSeconds } from "../cpu.ts";
import type { Figures } from "../figures/figures.ts";
import type { Posted, Settled } from "../load/commands.ts";
import type { Bench, Scenario } from "../scenario.ts";
import { onStage, type Stage } from "../stage.ts";
import { hookdesk } from "../systems/hookdesk.ts";
import type { Contender } from "../systems/system.ts";
import { concurrency, noteCost, planOf } from "./dialogs.ts";
import { faultsOf } from "./faults.ts";
import { measureCrowd } from "./crowd.ts";

/** Clients and messages of each: two dialogs. */
const sizes = {
  full: { clients: 10_000, each: 10 },
  smoke: { clients: 200, each: 10 },
} as const;
const firstClient = 1_000_000;

/** What happens when work has piled up: for very many conversations, and for a single one. */
export const burst: Scenario = {
  name: "burst",
  asserts: "everything that piled up is answered, in order, and so is everybody else meanwhile",
  run: async (bench, figures) => {
    const queues = bench.peers.filter(({ kind }) => kind === "queue");
    const faults: string[] = [];
    for (let round = 1; round <= bench.rounds; round += 1) {
      for (const contender of [hookdesk, ...queues]) {
        const drained = await measure(bench, contender);
        note(figures, contender.name, drained);
        bench.say(`burst: ${contender.name} drained ${Math.round(drainRate(drained))} messages/s`);
        if (contender === hookdesk) faults.push(...faultsOf(drained.posted, drained.settled));
      }
      faults.push(...(await measureCrowd(bench, figures)));
    }
    return faults;
  },
};

type Drained = { readonly posted: Posted; readonly settled: Settled; readonly cpu: CpuSeconds };

/** Posts everything while nobody works, then starts the workers. */
function measure(bench: Bench, contender: Contender): Promise<Drained> {
  const { clients, each } = bench.smoke ? sizes.smoke : sizes.full;
  const plan = (stage: Stage) => planOf(stage, { first: firstClient, count: clients, to: each });
  return onStage(bench, contender, {
    workers: false,
    work: async (stage) => {
      const load = await bench.generator.prepare(plan(stage));
      const posted = await load.post({ type: "rotate", concurrency });
      await stage.system.startWorkers();
      const { result: settled, cpu } = await costOf(stage.costing(), () => load.settle());
      return { posted, settled, cpu };
    },
  });
}

/** Replies per second, from the first to the last. */
function drainRate({ settled }: Drained): number {
  const seconds = settled.seconds - settled.secondsToFirstReply;
  return seconds === 0 ? 0 : settled.answered / seconds;
}

function note(figures: Figures, system: string, drained: Drained): void {
  const { posted, settled, cpu } = drained;
  figures.note(system, "posted: webhooks/s", posted.messages / posted.seconds);
  figures.note(system, "drained: messages/s", drainRate(drained));
  figures.note(system, "broken dialogs", settled.brokenDialogs);
  const what = "CPU s per 1,000 drained messages";
  noteCost(figures, system, { cpu, messages: settled.messages, what });
}
