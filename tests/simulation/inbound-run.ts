import { originId, tenantId } from "../../src/core/ids.ts";
import { letClientsWrite, newClients } from "./clients.ts";
import { createInbound } from "./inbound.ts";
import type { InboundMutants } from "./inbound-mutants.ts";
import { createInboundHistory, type InboundHistory } from "./inbound-history.ts";
import { createRecordingDialog } from "./recording-dialog.ts";
import { createSimulatedChannel } from "./simulated-channel.ts";
import { originsOf, simulatedOrigin } from "../support/simulation/simulated-origins.ts";
import { createStage, type Stage } from "./stage.ts";

/** Longest a run may take to come to rest, ms. */
const endMs = 240_000;
const silencesMs = { sessionSilenceMs: 3_000, dialogSilenceMs: 5_000 };
/** How often work on an event may begin when nothing else goes wrong: on Redis's word, together with others, then five times. */
const calmStartsMax = 8;
/** How much more often for each other event that takes its process along. */
const startsPerPoison = 5;

const origins = [
  simulatedOrigin({ id: originId(1), tenant: tenantId(1) }),
  simulatedOrigin({ id: originId(2), tenant: tenantId(2) }),
] as const;

/** One run of the way in, from webhook to commit and deadline; @throws when a promise is broken. */
export function runInbound(seed: number, mutants: InboundMutants = {}): InboundHistory {
  const stage = createStage(seed, "inbound");
  const { world, tables } = stage;
  const history = createInboundHistory(world, tables);
  const inbound = createInbound({
    stage,
    mutants,
    origins: originsOf(origins),
    channel: createSimulatedChannel(async () => ({ type: "not_sent", detail: "nobody" })),
    dialog: createRecordingDialog({ onDecide: history.decided, die: world.killCurrent }),
    deliver: () => () => undefined,
    onCommit: history.committed,
    onPark: history.parked,
    ...silencesMs,
    webCount: 2,
    workerCount: 2,
  });
  const clients = newClients({ stage, inbound, history });
  letClientsWrite(clients, { stage, origins, poison: 0.3 });
  world.run(endMs, () => stage.isQuiet() && history.isComplete() && tables.timers.size === 0);
  const faults = [...history.missing(), ...faultsAtRest(stage, history)];
  if (faults.length > 0) throw world.faultOf(faults.join("; "));
  return history;
}

function faultsAtRest({ tables, temper }: Stage, history: InboundHistory): readonly string[] {
  const faults: string[] = [];
  if (tables.pending.size > 0) faults.push("events are open at rest");
  if (tables.timers.size > 0) faults.push("deadlines are open at rest");
  for (const [name, session] of tables.sessions)
    if (session["ended"] === null) faults.push(`session ${name} never ended`);
  for (const [conversation, row] of tables.conversations) {
    const runs = [...tables.outcomes.keys()].filter((key) => key.startsWith(conversation)).length;
    const last: { readonly run: { readonly number: number } } = JSON.parse(row.state ?? noRun);
    if (runs !== last.run.number)
      faults.push(`${runs} of ${last.run.number} runs of ${conversation} ended`);
  }
  const startsMax = calmStartsMax + startsPerPoison * Math.max(0, history.poisonCount() - 1);
  if (temper.isCalm && history.startsMax() > startsMax)
    faults.push(`work on one event began ${history.startsMax()} times`);
  return faults;
}

const noRun = '{"run":{"number":0}}';
