import { costOf, type CpuSeconds } from "../cpu.ts";
import type { Figures } from "../figures/figures.ts";
import type { Pace, Posted } from "../load/commands.ts";
import type { Bench, Scenario } from "../scenario.ts";
import { onStage, type Stage } from "../stage.ts";
import { bareServe, bareServeRedis } from "../systems/bare.ts";
import { hookdesk } from "../systems/hookdesk.ts";
import type { Contender } from "../systems/system.ts";
import { concurrency, noteCost, planOf } from "./dialogs.ts";

/** Webhooks offered per second for so many seconds, then so many as fast as they are taken, of clients who take turns. */
const sizes = {
  full: {
    rates: [500, 2_000, 5_000],
    seconds: 8,
    saturating: 60_000,
    warming: 6_000,
    clients: 2_000,
  },
  smoke: { rates: [500], seconds: 1, saturating: 2_000, warming: 200, clients: 100 },
} as const;
const firstClient = 1_000_000;
/** Between the clients of two phases: no two share a message. */
const clientsApart = 100_000;

type Phase = { readonly name: string; readonly pace: Pace; readonly webhooks: number };

/**
 * How fast webhooks are acknowledged while nobody works on them. At a fixed rate a latency is counted from the instant for which
 * a webhook was meant, so that a server that stalls pays for all who came meanwhile.
 */
export const ack: Scenario = {
  name: "ack",
  asserts: "every webhook that was acknowledged is stored",
  run: async (bench, figures) => {
    const queues = bench.peers.filter(({ kind }) => kind === "queue");
    const faults: string[] = [];
    for (let round = 1; round <= bench.rounds; round += 1)
      for (const contender of [hookdesk, ...queues, bareServe, bareServeRedis]) {
        const lost = await measure(bench, contender, figures);
        bench.say(`ack: ${contender.name} measured`);
        if (contender === hookdesk && lost > 0)
          faults.push(`${lost} acknowledged webhooks are not stored`);
      }
    return faults;
  },
};

const saturation: Pace = { type: "rotate", concurrency };

function phases(smoke: boolean): readonly [warming: Phase, ...measured: Phase[]] {
  const { rates, seconds, saturating, warming } = smoke ? sizes.smoke : sizes.full;
  return [
    { name: "warming", pace: saturation, webhooks: warming },
    ...rates.map(
      (perSecond): Phase => ({
        name: `${perSecond.toLocaleString("en")}/s`,
        pace: { type: "rate", perSecond },
        webhooks: perSecond * seconds,
      }),
    ),
    { name: "saturation", pace: saturation, webhooks: saturating },
  ];
}

/** Takes one system through all phases; resolves with the number of webhooks that it acknowledged and does not have. */
function measure(bench: Bench, contender: Contender, figures: Figures): Promise<number> {
  return onStage(bench, contender, {
    workers: false,
    work: async (stage) => {
      let acknowledged = 0;
      for (const [number, phase] of phases(bench.smoke).entries()) {
        const first = firstClient + number * clientsApart;
        const { posted, cpu } = await post(bench, stage, { phase, first });
        acknowledged += posted.messages - posted.refused;
        if (number > 0) note(figures, contender.name, { phase, posted, cpu });
      }
      const accepted = await stage.system.accepted();
      return accepted === null ? 0 : Math.max(0, acknowledged - accepted);
    },
  });
}

type Measured = { readonly posted: Posted; readonly cpu: CpuSeconds };

async function post(
  bench: Bench,
  stage: Stage,
  { phase, first }: { readonly phase: Phase; readonly first: number },
): Promise<Measured> {
  const { clients } = bench.smoke ? sizes.smoke : sizes.full;
  const to = Math.ceil(phase.webhooks / clients);
  const plan = { ...planOf(stage, { first, count: clients, to }), redeliver: false };
  const load = await bench.generator.prepare(plan);
  const { result, cpu } = await costOf(stage.costing(), () => load.post(phase.pace));
  await load.forget();
  return { posted: result, cpu };
}

function note(
  figures: Figures,
  system: string,
  { phase, posted, cpu }: Measured & { readonly phase: Phase },
): void {
  const { name, pace } = phase;
  const { ackMs, lateMs } = posted;
  if (pace.type !== "rate")
    figures.note(system, `${name}: webhooks/s`, posted.messages / posted.seconds);
  for (const share of ["p50", "p99", "p999"] as const)
    figures.note(system, `${name}: acknowledged in ms, ${shareName[share]}`, ackMs[share]);
  figures.note(system, `${name}: refused`, posted.refused);
  if (pace.type === "rate") figures.note(system, `${name}: generator late ms, p99`, lateMs.p99);
  const what = `${name}: CPU s per 1,000 webhooks`;
  if (pace.type !== "rate") noteCost(figures, system, { cpu, messages: posted.messages, what });
}

const shareName = { p50: "p50", p99: "p99", p999: "p99.9" } as const;
