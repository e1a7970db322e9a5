import type { Figures } from "../figures/figures.ts";
import type { Load } from "../load/generator-process.ts";
import type { Posted, Settled } from "../load/commands.ts";
import { dialogSteps } from "../load/dialog.ts";
import type { Bench } from "../scenario.ts";
import { onStage, type Stage } from "../stage.ts";
import { hookdesk } from "../systems/hookdesk.ts";
import { until } from "../../services/until.ts";
import { perSecond, planOf, warmUp } from "./dialogs.ts";
import { faultsOf } from "./faults.ts";

/** Messages of the one conversation; the others' messages per second, and for how long they are measured. */
const sizes = {
  full: { messages: 10_000, others: 200, seconds: 15 },
  smoke: { messages: 300, others: 50, seconds: 1 },
} as const;
const crowdedClient = 1_000_000;
const othersAlone = 2_000_000;
const othersBeside = 3_000_000;
const openPollMs = 20;
const openDeadlineMs = 120_000;

/**
 * One conversation in which very much has piled up, beside others that go on as always: how fast it is applied, and what the
 * others notice. The workers are stopped where they stand while the pile grows, so that they are as warm as before.
 */
export function measureCrowd(bench: Bench, figures: Figures): Promise<readonly string[]> {
  const size = bench.smoke ? sizes.smoke : sizes.full;
  return onStage(bench, hookdesk, {
    workers: true,
    work: async (stage) => {
      await warmUp(bench, stage);
      const alone = await carryOn(await others(bench, stage, othersAlone), size.others);
      stage.system.pauseWorkers();
      const one = await bench.generator.prepare(
        planOf(stage, { first: crowdedClient, count: 1, to: size.messages }),
      );
      // In order, one after the other: otherwise any order would be right.
      const posted = await one.post({ type: "walk", concurrency: 1, next: "acknowledged" });
      const next = await others(bench, stage, othersBeside);
      stage.system.resumeWorkers();
      const [beside, appliedS] = await Promise.all([
        carryOn(next, size.others),
        secondsUntilApplied(stage),
      ]);
      const settled = await one.settle();
      note(figures, { alone: alone.settled, beside: beside.settled, settled, appliedS });
      return [alone, beside, { posted, settled }].flatMap((load) =>
        faultsOf(load.posted, load.settled),
      );
    },
  });
}

function others(bench: Bench, stage: Stage, first: number): Promise<Load> {
  const size = bench.smoke ? sizes.smoke : sizes.full;
  const count = (size.others * size.seconds) / dialogSteps;
  return bench.generator.prepare(planOf(stage, { first, count }));
}

async function carryOn(
  load: Load,
  rate: number,
): Promise<{ readonly posted: Posted; readonly settled: Settled }> {
  const posted = await load.post({ type: "rate", perSecond: rate });
  return { posted, settled: await load.settle() };
}

/** Seconds until no event of the conversation with the most open events is open any more. */
async function secondsUntilApplied({ stores }: Stage): Promise<number> {
  const begun = performance.now();
  const { rows } = await stores.sql.query<{ tenant_id: number; conv: string }>(
    "SELECT tenant_id, conv FROM pending GROUP BY tenant_id, conv ORDER BY count(*) DESC LIMIT 1",
  );
  const [lane] = rows;
  const applied = await until(
    async () => {
      const open = await stores.sql.query(
        "SELECT FROM pending WHERE tenant_id = $1 AND conv = $2 LIMIT 1",
        [lane?.tenant_id, lane?.conv],
      );
      return open.rowCount === 0 ? performance.now() : undefined;
    },
    { deadlineMs: openDeadlineMs, everyMs: openPollMs },
  );
  return ((applied ?? Number.POSITIVE_INFINITY) - begun) / 1_000;
}

function note(
  figures: Figures,
  seen: {
    readonly alone: Settled;
    readonly beside: Settled;
    readonly settled: Settled;
    readonly appliedS: number;
  },
): void {
  const { alone, beside, settled, appliedS } = seen;
  const afterFirst = settled.seconds - settled.secondsToFirstReply;
  const system = hookdesk.name;
  figures.note(system, "one conversation: events applied/s", settled.messages / appliedS);
  figures.note(system, "one conversation: replies/s", settled.answered / afterFirst);
  figures.note(system, "others: messages/s beside it", perSecond(beside));
  for (const share of ["p50", "p99"] as const) {
    figures.note(system, `others: reply ms alone, ${share}`, alone.replyMs[share]);
    figures.note(system, `others: reply ms beside it, ${share}`, beside.replyMs[share]);
    figures.note(
      system,
      `others: beside it ÷ alone, ${share}`,
      beside.replyMs[share] / alone.replyMs[share],
    );
  }
}
