import type { Figures } from "../figures/figures.ts";
import type { Bench, Scenario } from "../scenario.ts";
import { onStage } from "../stage.ts";
import { hookdeskWith } from "../systems/hookdesk.ts";
import { noteCost, perSecond, walkDialogs, warmUp } from "./dialogs.ts";
import { faultsOf } from "./faults.ts";
import { measureRows } from "./rows.ts";

/** Numbers of workers, and clients of the load that each gets. */
const sizes = {
  full: { workers: [1, 2, 3], clients: 2_000 },
  smoke: { workers: [2], clients: 100 },
} as const;
const firstClient = 1_000_000;

/** What more workers bring, and what more conversations in the tables cost. */
export const scale: Scenario = {
  name: "scale",
  asserts: "every client gets the right replies, in order, with any number of workers and rows",
  run: async (bench, figures) => {
    const faults: string[] = [];
    for (let round = 1; round <= bench.rounds; round += 1)
      for (const workers of (bench.smoke ? sizes.smoke : sizes.full).workers)
        faults.push(...(await measureWorkers(bench, workers, figures)));
    return [...faults, ...(await measureRows(bench, figures))];
  },
};

function measureWorkers(
  bench: Bench,
  workers: number,
  figures: Figures,
): Promise<readonly string[]> {
  const count = bench.smoke ? sizes.smoke.clients : sizes.full.clients;
  const contender = hookdeskWith({ web: 1, worker: workers, outbox: 1 });
  return onStage(bench, contender, {
    workers: true,
    work: async (stage) => {
      await warmUp(bench, stage);
      const { posted, settled, cpu } = await walkDialogs(bench, stage, {
        first: firstClient,
        count,
      });
      const number = `${workers} ${workers === 1 ? "worker" : "workers"}`;
      figures.note(contender.name, `${number}: messages/s`, perSecond(settled));
      const what = `${number}: CPU s per 1,000 messages`;
      noteCost(figures, contender.name, { cpu, messages: settled.messages, what });
      return faultsOf(posted, settled);
    },
  });
}
