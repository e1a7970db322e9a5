import { costOf } from "../cpu.ts";
import type { Figures } from "../figures/figures.ts";
import type { Posted, Settled } from "../load/commands.ts";
import { dialogSteps } from "../load/dialog.ts";
import type { Bench, Scenario } from "../scenario.ts";
import { costPer1000, onStage, type Stage } from "../stage.ts";
import { hookdesk } from "../systems/hookdesk.ts";
import type { Contender } from "../systems/system.ts";
import { faultsOf } from "./faults.ts";

/** Clients of the measured load, and of the one before it that warms the compilers up. */
const sizes = {
  full: { clients: 2_000, warming: 300 },
  smoke: { clients: 200, warming: 20 },
} as const;
const concurrency = 64;
const firstClient = 1_000_000;
const firstWarming = 2_000_000;

/**
 * The order dialog from webhook to reply. Each client sends their next message when the former was acknowledged, so that messages
 * of one client are in work at the same time, and a system without order breaks their dialog.
 */
export const order: Scenario = {
  name: "order",
  asserts: "every webhook is acknowledged, and every client gets the five replies, in order",
  run: async (bench, figures) => {
    const faults: string[] = [];
    for (let round = 1; round <= bench.rounds; round += 1)
      for (const contender of [hookdesk, ...bench.peers]) {
        const found = await measure(bench, contender, figures);
        if (contender === hookdesk) faults.push(...found);
      }
    return faults;
  },
};

function measure(bench: Bench, contender: Contender, figures: Figures): Promise<readonly string[]> {
  const size = bench.smoke ? sizes.smoke : sizes.full;
  return onStage(bench, contender, {
    workers: true,
    work: async (stage) => {
      await orders(bench, stage, { first: firstWarming, count: size.warming });
      const { result, cpu } = await orders(bench, stage, {
        first: firstClient,
        count: size.clients,
      });
      note(figures, contender.name, result);
      for (const { name, seconds } of costPer1000(cpu, result.settled.messages))
        figures.note(contender.name, `CPU s per 1,000 messages: ${name}`, seconds);
      bench.say(progressLine(contender.name, result.settled));
      return faultsOf(result.posted, result.settled);
    },
  });
}

type Orders = { readonly posted: Posted; readonly settled: Settled };

/** One load of whole dialogs, and what it cost. */
async function orders(
  bench: Bench,
  stage: Stage,
  clients: { readonly first: number; readonly count: number },
) {
  const load = await bench.generator.prepare({
    target: stage.system.target,
    clients: { ...clients, stride: 1 },
    from: 0,
    to: dialogSteps,
    keepArrivals: false,
  });
  return costOf(stage.costing(), async (): Promise<Orders> => {
    const posted = await load.post({ type: "walk", concurrency, next: "acknowledged" });
    return { posted, settled: await load.settle() };
  });
}

function note(figures: Figures, system: string, { posted, settled }: Orders): void {
  figures.note(system, "messages/s", perSecond(settled));
  figures.note(system, "reply ms, p50", settled.replyMs.p50);
  figures.note(system, "reply ms, p99", settled.replyMs.p99);
  figures.note(system, "acknowledgement ms, p50", posted.ackMs.p50);
  figures.note(system, "acknowledgement ms, p99", posted.ackMs.p99);
  figures.note(system, "broken dialogs", settled.brokenDialogs);
}

const perSecond = ({ answered, seconds }: Settled): number => answered / seconds;

function progressLine(system: string, settled: Settled): string {
  return `order: ${system} ${Math.round(perSecond(settled))} messages/s, reply p99 ${settled.replyMs.p99} ms, ${settled.brokenDialogs} broken`;
}
