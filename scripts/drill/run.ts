/**
 * One run of the drill:
 *
 *   stage up ─▶ calm (what can this machine do?) ─▶ faults under load ─▶ healed ─▶ clients finish, work drains ─▶ output read ─▶ check
 */
import { seededRandom } from "../../src/fake-platform/seeded-random.ts";
import { until } from "../services/until.ts";
import { accounts } from "./accounts.ts";
import { check } from "./checker/check.ts";
import { smallestHistory } from "./checker/smallest.ts";
import type { Verdict } from "./checker/verdict.ts";
import type { Fault, Ground, Needs } from "./faults/fault.ts";
import type { Histories } from "./histories.ts";
import { readOpen, readOutput } from "./output.ts";
import { openStage, type Stage, type StageOptions } from "./stage.ts";
import { Workload } from "./workload.ts";

export type RunPlan = {
  readonly faults: readonly Fault[];
  readonly seed: number;
  readonly calmMs: number;
  readonly faultMs: number;
  readonly clients: number;
  /** How long the rest may take after healing, ms; 60 s and what the tight limits need for a backlog, unless it is to fail anyway. */
  readonly drainMs: number;
};

export type RunResult = {
  readonly verdicts: readonly Verdict[];
  /** Faults and how often they fired. */
  readonly fired: Readonly<Record<string, number>>;
  /** What went wrong with the drill itself or a fault, such as one that did not fire. */
  readonly complaints: readonly string[];
  readonly smallest: readonly string[];
  readonly seconds: number;
};

const sendTimeoutMs = 10_000;
const pauseMsMaxDefault = 900;
const burstShareDefault = 0.02;

export async function runDrill(
  plan: RunPlan,
  options: Omit<StageOptions, "needs" | "seed">,
  say: (line: string) => void,
): Promise<RunResult> {
  const begun = performance.now();
  const needs: Needs = Object.assign({}, ...plan.faults.map((fault) => fault.needs));
  const stage = await openStage({ ...options, needs, seed: plan.seed });
  try {
    const { histories, complaints } = await play(plan, stage, say);
    const fired = Object.fromEntries(
      plan.faults.map(({ name }) => [name, stage.nemesis.firedTimes(name)]),
    );
    const idle = plan.faults.filter(({ name }) => stage.nemesis.firedTimes(name) === 0);
    const verdicts = check(histories);
    return {
      verdicts,
      fired,
      complaints: [...complaints, ...idle.map(({ name }) => `${name} did not fire`)],
      smallest: smallestHistory(histories, verdicts),
      seconds: (performance.now() - begun) / 1_000,
    };
  } finally {
    await stage.close();
  }
}

async function play(
  plan: RunPlan,
  stage: Stage,
  say: (line: string) => void,
): Promise<{ readonly histories: Histories; readonly complaints: readonly string[] }> {
  const { platform, recording, nemesis, options } = stage;
  const random = seededRandom(plan.seed);
  const workload = new Workload({
    platform,
    recording,
    random,
    accounts,
    clients: plan.clients,
    pauseMsMax: options.needs.pauseMsMax ?? pauseMsMaxDefault,
    ordersEach: options.needs.ordersEach ?? 1,
    burstShare: options.needs.burstShare ?? burstShareDefault,
    poison: options.needs.poison ?? null,
  });
  workload.start();
  await Bun.sleep(plan.calmMs);
  const calmUntilMs = performance.now();
  workload.crowd("north-tight", 14);
  const ground: Ground = {
    ...stage,
    ...options,
    workload,
    accounts,
    random: seededRandom(plan.seed + 1),
    durationMs: plan.faultMs,
  };
  say(
    `   ${recording.invocations.length} messages written before the fault; now ${plan.faults.map(({ name }) => name).join(" and ")}`,
  );
  const complaints = await inject(plan, ground);
  const healedMs = performance.now();
  workload.replay(20);
  say(`   healed; ${recording.invocations.length} messages written, the rest drains`);
  const drained = await drain(stage, workload, plan.drainMs);
  const output = await options.postgres.connected(options.database, readOutput);
  const histories: Histories = {
    ...recording.histories(),
    accounts,
    disturbances: [...nemesis.entries],
    holds: nemesis.holds,
    output,
    calmUntilMs,
    healedMs,
    sendTimeoutMs,
  };
  return {
    histories,
    complaints: drained
      ? complaints
      : [...complaints, `not at rest ${plan.drainMs / 1_000} s after healing`],
  };
}

async function inject(plan: RunPlan, ground: Ground): Promise<readonly string[]> {
  const ended = await Promise.allSettled(plan.faults.map((fault) => fault.inject(ground)));
  return ended.flatMap((one) =>
    one.status === "rejected" ? [`a fault failed: ${String(one.reason)}`] : [],
  );
}

/** Waits until the clients came to their ends, nothing is on its way and no work is open; false at the deadline. */
async function drain(
  { platform, options }: Stage,
  workload: Workload,
  deadlineMs: number,
): Promise<boolean> {
  const deadline = Bun.sleep(deadlineMs).then(() => false);
  const quiet = async (): Promise<boolean> => {
    await workload.finish();
    await atRest(options, deadlineMs);
    await platform.idle();
    // The last echoes may have opened something again.
    await atRest(options, deadlineMs);
    return true;
  };
  return Promise.race([quiet(), deadline]);
}

async function atRest({ postgres, database }: StageOptions, deadlineMs: number): Promise<void> {
  await until(
    async () => {
      try {
        const open = await postgres.connected(database, readOpen);
        return open.pending + open.outbox === 0 ? true : undefined;
      } catch {
        return undefined;
      }
    },
    { deadlineMs, everyMs: 250 },
  );
}
