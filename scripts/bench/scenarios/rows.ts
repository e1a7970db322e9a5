import type { Figures } from "../figures/figures.ts";
import { dialogSteps } from "../load/dialog.ts";
import { preload } from "../preload.ts";
import type { Bench } from "../scenario.ts";
import { costPer1000, onStage, type Stage } from "../stage.ts";
import { hookdesk } from "../systems/hookdesk.ts";
import { noteCost, perSecond, walkDialogs, warmUp } from "./dialogs.ts";
import { faultsOf } from "./faults.ts";

/** Conversations that lie in the tables, and those of them that go on. */
const sizes = {
  full: { rows: [1_000, 100_000, 1_000_000], clients: 1_000 },
  smoke: { rows: [1_000], clients: 100 },
} as const;
const template = 1_000_000;
const firstPreloaded = 10_000_000;

/**
 * What a message costs when many conversations are known. The clients who write are spread over all rows; each goes on where the
 * preloaded dialog stands, and Redis does not know them yet at their first message.
 */
export async function measureRows(bench: Bench, figures: Figures): Promise<readonly string[]> {
  const faults: string[] = [];
  const costs: number[] = [];
  for (const rows of (bench.smoke ? sizes.smoke : sizes.full).rows) {
    const measured = await onStage(bench, hookdesk, {
      workers: true,
      work: (stage) => measure(bench, stage, { rows, figures }),
    });
    faults.push(...measured.faults);
    costs.push(measured.cost);
    bench.say(`scale: ${rows.toLocaleString("en")} conversations measured`);
  }
  const [few = 0, many = 0] = [costs[0], costs.at(-1)];
  if (costs.length > 1)
    figures.note(
      hookdesk.name,
      "cost per message with the most rows ÷ with the fewest",
      many / few,
    );
  return faults;
}

async function measure(
  bench: Bench,
  stage: Stage,
  { rows, figures }: { readonly rows: number; readonly figures: Figures },
): Promise<{ readonly faults: readonly string[]; readonly cost: number }> {
  const { clients } = bench.smoke ? sizes.smoke : sizes.full;
  const began = await walkDialogs(bench, stage, { first: template, count: 1, to: 1 });
  await preload(stage.stores, { template, first: firstPreloaded, count: rows });
  await warmUp(bench, stage);
  const faults = [...faultsOf(began.posted, began.settled)];
  const costs: number[] = [];
  for (let round = 0; round < bench.rounds; round += 1) {
    const { posted, settled, cpu } = await walkDialogs(bench, stage, {
      first: firstPreloaded,
      count: clients,
      stride: rows / clients,
      from: 1 + round * dialogSteps,
      to: 1 + (round + 1) * dialogSteps,
    });
    const number = `${rows.toLocaleString("en")} conversations`;
    figures.note(hookdesk.name, `${number}: messages/s`, perSecond(settled));
    const what = `${number}: CPU s per 1,000 messages`;
    noteCost(figures, hookdesk.name, { cpu, messages: settled.messages, what });
    costs.push(costPer1000(cpu, settled.messages)[0]?.seconds ?? 0);
    faults.push(...faultsOf(posted, settled));
  }
  return { faults, cost: costs.reduce((sum, cost) => sum + cost, 0) / costs.length };
}
