import { costOf, type CpuSeconds } from "../cpu.ts";
import type { Figures } from "../figures/figures.ts";
import type { Posted, Settled } from "../load/commands.ts";
import { dialogSteps } from "../load/dialog.ts";
import type { Bench } from "../scenario.ts";
import { costPer1000, type Stage } from "../stage.ts";

/** Clients who walk through messages of the order dialog; the whole of it once, when not told otherwise. */
export type Clients = {
  readonly first: number;
  readonly count: number;
  readonly stride?: number;
  readonly from?: number;
  readonly to?: number;
};

export type Dialogs = {
  readonly posted: Posted;
  readonly settled: Settled;
  readonly cpu: CpuSeconds;
};

/** Clients who write at the same time. */
export const concurrency = 64;
/** Clients of the load that comes before a measured one, so that compilers and connections are warm. */
const warmingClients = { full: 300, smoke: 20 } as const;
const firstWarming = 900_000_000;

/** Loads a system with dialogs, each client sending the next message when the former was acknowledged, until all is answered. */
export async function walkDialogs(bench: Bench, stage: Stage, clients: Clients): Promise<Dialogs> {
  const load = await bench.generator.prepare(planOf(stage, clients));
  const { result, cpu } = await costOf(stage.costing(), async () => {
    const posted = await load.post({ type: "walk", concurrency, next: "acknowledged" });
    return { posted, settled: await load.settle() };
  });
  return { ...result, cpu };
}

/** The load before the first measured one. */
export async function warmUp(bench: Bench, stage: Stage): Promise<void> {
  const count = bench.smoke ? warmingClients.smoke : warmingClients.full;
  await walkDialogs(bench, stage, { first: firstWarming, count });
}

/** The plan of such clients, for other paces. */
export function planOf({ system }: Stage, clients: Clients) {
  const { first, count, stride = 1, from = 0, to = dialogSteps } = clients;
  return {
    target: system.target,
    clients: { first, count, stride },
    from,
    to,
    redeliver: true,
    keepArrivals: false,
  };
}

/** Messages answered per second, from the first webhook to the last reply. */
export function perSecond({ answered, seconds }: Settled): number {
  return seconds === 0 ? 0 : answered / seconds;
}

/** Notes what 1,000 messages cost each process. `what` tells loads of one scenario apart. */
export function noteCost(
  figures: Figures,
  system: string,
  cost: { readonly cpu: CpuSeconds; readonly messages: number; readonly what: string },
): void {
  for (const { name, seconds } of costPer1000(cost.cpu, cost.messages))
    figures.note(system, `${cost.what}: ${name}`, seconds);
}
