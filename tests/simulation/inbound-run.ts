import { conversationOf, originId, tenantId } from "../../src/core/ids.ts";
import type { Origin, Origins } from "../../src/tenants/origins.ts";
import { createInbound, type InboundMutants } from "./inbound.ts";
import { createInboundHistory, type InboundHistory, type Written } from "./inbound-history.ts";
import { createRecordingDialog, type Poison, textOf } from "./recording-dialog.ts";
import { clientMessage, createSimulatedChannel } from "./simulated-channel.ts";
import { createStage, type Stage } from "./stage.ts";

/** Longest a run may take to come to rest, ms. */
const endMs = 240_000;
/** When the last message is written, at the latest, ms. */
const writtenMsMax = 9_000;
const retryMs = 1_200;
const sessionSilenceMs = 3_000;
const dialogSilenceMs = 5_000;
const conversationsMax = 5;
const messagesMax = 6;

const account = { apiUrl: "", apiToken: "", signature: "optional" } as const;

export function simulatedOrigin(changes: Partial<Origin> = {}): Origin {
  return {
    tenant: tenantId(1),
    id: originId(1),
    channel: "simulated",
    key: "one",
    enabled: true,
    account,
    language: "en",
    rate: { count: 1_000, windowMs: 1_000 },
    inFlightMax: 64,
    unknown: { bot: "hold", operator: "hold" },
    ...changes,
  };
}

export function originsOf(origins: readonly Origin[]): Origins {
  return {
    ready: () => true,
    byKey: (channel, key) => origins.find((one) => one.channel === channel && one.key === key),
    byId: (id) => origins.find((one) => one.id === id),
    all: () => origins,
    refresh: async () => undefined,
  };
}

/** One run of the way in; @throws when a promise is broken. */
export function runInbound(seed: number, mutants: InboundMutants = {}): InboundHistory {
  const stage = createStage(seed, "inbound");
  const { world, tables } = stage;
  const { random } = world;
  const history = createInboundHistory(world, tables);
  const origins = [1, 2].map((id) => simulatedOrigin({ tenant: tenantId(id), id: originId(id) }));
  const inbound = createInbound({
    stage,
    mutants,
    origins: originsOf(origins),
    channel: createSimulatedChannel(async () => ({ type: "not_sent", detail: "nobody" })),
    dialog: createRecordingDialog({ onDecide: history.decided, die: world.killCurrent }),
    deliver: () => () => undefined,
    onCommit: history.committed,
    onPark: history.parked,
    sessionSilenceMs,
    dialogSilenceMs,
    webCount: 2,
    workerCount: 2,
  });
  let number = 0;
  for (let count = 1 + random.int(conversationsMax); count > 0; count -= 1) {
    const origin = random.chance(0.7) ? origins[0] : origins[1];
    if (origin === undefined) continue;
    const client = `client ${count}`;
    const identity = { kind: "client", identity: client } as const;
    const conversation = conversationOf(origin.tenant, origin.id, identity);
    const poisons = random.chance(0.3);
    const write = (left: number): void => {
      number += 1;
      const poison = poisons && random.chance(0.3) ? drawPoison(stage) : null;
      const event = { number, client, conversation, poison };
      history.written(event);
      deliver(stage, { inbound, history, origin, event });
      if (left > 1)
        world.after(random.chance(0.3) ? 0 : random.int(writtenMsMax / messagesMax), () =>
          write(left - 1),
        );
    };
    world.after(random.int(writtenMsMax / 3), () => write(1 + random.int(messagesMax)));
  }
  world.run(endMs, () => stage.isQuiet() && history.isComplete() && tables.timers.size === 0);
  checkRest(stage, history);
  return history;
}

function drawPoison({ world }: Stage): Poison {
  return world.random.pick(["throws", "kills", "breaks_commit"]);
}

type Delivered = {
  readonly inbound: ReturnType<typeof createInbound>;
  readonly history: InboundHistory;
  readonly origin: Origin;
  readonly event: Written;
};

/** Delivers a message until it is acknowledged, and sometimes once more. */
function deliver(stage: Stage, { inbound, history, origin, event }: Delivered): void {
  const { world } = stage;
  const { random } = world;
  const key = `m${event.number}`;
  const text = textOf(event.number, event.poison);
  const items = [{ key, client: event.client, event: clientMessage(key, event.client, text) }];
  const raw = new TextEncoder().encode(JSON.stringify({ number: event.number, items }));
  let acknowledged = false;
  const post = (): void => {
    inbound.post({
      origin,
      items,
      raw,
      onReceived: () => history.received(event.number),
      onAnswer: (stored) => {
        if (!stored) return;
        acknowledged = true;
        history.acknowledged(event.number);
      },
    });
  };
  const insist = (): void => {
    if (acknowledged) return;
    post();
    world.after(retryMs, insist);
  };
  insist();
  if (random.chance(0.2)) world.after(random.int(2_000), post);
}

function checkRest(stage: Stage, history: InboundHistory): void {
  const { tables, world } = stage;
  const late = (what: string): never => {
    throw new Error(`${what} (${world.now()} ms)`);
  };
  if (!history.isComplete()) late(`not finished: ${history.missing().join("; ")}`);
  if (tables.pending.size > 0) late("events are open at rest");
  if (tables.timers.size > 0) late("deadlines are open at rest");
}
