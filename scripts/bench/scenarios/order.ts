import type { Figures } from "../figures/figures.ts";
import type { Bench, Scenario } from "../scenario.ts";
import { onStage } from "../stage.ts";
import { hookdesk } from "../systems/hookdesk.ts";
import type { Contender } from "../systems/system.ts";
import { type Dialogs, noteCost, perSecond, walkDialogs, warmUp } from "./dialogs.ts";
import { faultsOf } from "./faults.ts";

const clients = { full: 2_000, smoke: 200 } as const;
const firstClient = 1_000_000;

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
        const dialogs = await measure(bench, contender);
        note(figures, contender.name, dialogs);
        bench.say(progressLine(contender.name, dialogs));
        if (contender === hookdesk) faults.push(...faultsOf(dialogs.posted, dialogs.settled));
      }
    return faults;
  },
};

function measure(bench: Bench, contender: Contender): Promise<Dialogs> {
  const count = bench.smoke ? clients.smoke : clients.full;
  return onStage(bench, contender, {
    workers: true,
    work: async (stage) => {
      await warmUp(bench, stage);
      return walkDialogs(bench, stage, { first: firstClient, count });
    },
  });
}

function note(figures: Figures, system: string, { posted, settled, cpu }: Dialogs): void {
  figures.note(system, "messages/s", perSecond(settled));
  figures.note(system, "reply ms, p50", settled.replyMs.p50);
  figures.note(system, "reply ms, p99", settled.replyMs.p99);
  figures.note(system, "acknowledgement ms, p50", posted.ackMs.p50);
  figures.note(system, "acknowledgement ms, p99", posted.ackMs.p99);
  figures.note(system, "webhooks refused at first", posted.refused);
  figures.note(system, "broken dialogs", settled.brokenDialogs);
  const what = "CPU s per 1,000 messages";
  noteCost(figures, system, { cpu, messages: settled.messages, what });
}

function progressLine(system: string, { settled }: Dialogs): string {
  return `order: ${system} ${Math.round(perSecond(settled))} messages/s, reply p99 ${settled.replyMs.p99} ms, ${settled.brokenDialogs} broken`;
}
