import { originId } from "../../src/core/ids.ts";
import { type Clients, letClientsWrite, newClients } from "./clients.ts";
import { createInbound } from "./inbound.ts";
import { createInboundHistory } from "./inbound-history.ts";
import { createOutbound } from "./outbound.ts";
import { createOutboundHistory, type OutboundHistory } from "./outbound-history.ts";
import { createRecordingDialog } from "./recording-dialog.ts";
import { createSimulatedChannel, outboundMessage } from "./simulated-channel.ts";
import { originsOf, simulatedOrigin } from "../support/simulation/simulated-origins.ts";
import { createSimulatedPlatform } from "./simulated-platform.ts";
import { createStage, type Stage } from "./stage.ts";
import { wordsOf } from "../../src/message/outgoing.ts";

/** Longest a run may take to come to rest, ms. */
const endMs = 400_000;
const silencesMs = { sessionSilenceMs: 60_000, dialogSilenceMs: 90_000 };
const echoMsMax = 60;

const origins = [
  simulatedOrigin({
    id: originId(1),
    rate: { count: 20, windowMs: 1_000 },
    account: { apiUrl: "", credentials: { token: "one" } },
    unknown: { bot: "hold", operator: "hold" },
  }),
  simulatedOrigin({
    id: originId(2),
    rate: { count: 10, windowMs: 1_000 },
    account: { apiUrl: "", credentials: { token: "two" } },
    unknown: { bot: "resend", operator: "resend" },
  }),
] as const;

/**
 * One run of everything between a client's message and its answer, echoes included; @throws when a promise is broken. The platform
 * tells our own messages back as if people had written them: the bot must recognise them, or it would fall silent.
 */
export function runPipeline(seed: number): OutboundHistory {
  const stage = createStage(seed, "pipeline");
  const { world, tables, temper } = stage;
  const arrivals = createInboundHistory(world, tables);
  const sends = createOutboundHistory(world, tables);
  const known = originsOf(origins);
  let clients: Clients | null = null;
  const platform = createSimulatedPlatform(stage, {
    history: sends,
    onTaken: ({ conversation, origin }, message, messageId) => {
      const event = outboundMessage(messageId, wordsOf(message.content), "operator");
      const echo = { origin, conversation, key: messageId, event };
      world.after(world.random.int(echoMsMax), () => clients?.tell(echo));
    },
  });
  const outbound = createOutbound({
    stage,
    platform,
    origins: known,
    history: sends,
    senderCount: 2,
    mutants: {},
  });
  const inbound = createInbound({
    stage,
    origins: known,
    channel: createSimulatedChannel(async () => ({ type: "not_sent", detail: "nobody" })),
    dialog: createRecordingDialog({ onDecide: arrivals.decided, die: world.killCurrent }),
    deliver: (seat) => {
      const announce = outbound.announcerOf(seat);
      return (deliveries) =>
        announce(
          deliveries.map(({ origin, conversation, count }) => ({
            tenant: origin.tenant,
            origin: origin.id,
            conversation,
            count,
            waitMs: 0,
            scopes: [],
          })),
        );
    },
    onCommit: (committed) => {
      arrivals.committed(committed);
      noHumanSpoke(stage, committed.lane.s);
    },
    onPark: arrivals.parked,
    onDelivery: ({ conversation, seq, origin }) => {
      const policy = known.byId(origin)?.unknown.bot ?? "hold";
      sends.made({ conversation, seq, policy });
    },
    ...silencesMs,
    webCount: 1,
    workerCount: 2,
    mutants: {},
  });
  clients = newClients({ stage, inbound, history: arrivals });
  letClientsWrite(clients, { stage, origins, poison: 0.3 });
  const isAtRest = (): boolean =>
    stage.isQuiet() &&
    arrivals.isComplete() &&
    tables.pending.size === 0 &&
    tables.outbox.size === 0 &&
    clients.isSilent();
  world.run(endMs, isAtRest);
  const faults = [...arrivals.missing(), ...sends.faultsAtRest(temper.isCalm)];
  if (!isAtRest()) faults.push("not at rest");
  if (faults.length > 0) throw world.faultOf(faults.join("; "));
  return sends;
}

/** Nobody but the bot writes in this world. */
function noHumanSpoke({ world }: Stage, given: unknown): void {
  type Told = { readonly sessions: { readonly current: { readonly owner: string } | null } };
  const state: Told = JSON.parse(JSON.stringify(given));
  if (state.sessions.current?.owner === "human")
    world.fail("the bot fell silent: it took its own message for an operator's");
}
