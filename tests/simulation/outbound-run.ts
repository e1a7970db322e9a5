import {
  type ConversationId,
  conversationOf,
  type OriginId,
  originId,
} from "../../src/core/ids.ts";
import type { Announcement } from "../../src/outbox/limiter.ts";
import type { Origin } from "../../src/tenants/origins.ts";
import { addDelivery } from "../support/fakes/tables.ts";
import { createOutbound, type OutboundMutants } from "./outbound.ts";
import { createOutboundHistory, type OutboundHistory } from "./outbound-history.ts";
import { originsOf, simulatedOrigin } from "../support/simulation/simulated-origins.ts";
import { createSimulatedPlatform } from "./simulated-platform.ts";
import { createStage, type Stage } from "./stage.ts";
import { calm } from "./temper.ts";
import { plainText, writeDelivery } from "../../src/message/outgoing.ts";
import { bareAddress } from "../support/bare-channel.ts";

/** Longest a run may take to come to rest, ms. */
const endMs = 400_000;
const conversationsMax = 5;
const deliveriesMax = 6;
const seqPerVersion = 1_000;
const longMs = 3_600_000;

const origins = [
  simulatedOrigin({
    id: originId(1),
    rate: { count: 5, windowMs: 1_000 },
    account: { apiUrl: "", credentials: { token: "one" } },
    unknown: { bot: "hold", operator: "resend" },
  }),
  simulatedOrigin({
    id: originId(2),
    rate: { count: 3, windowMs: 1_500 },
    account: { apiUrl: "", credentials: { token: "two" } },
    unknown: { bot: "resend", operator: "hold" },
    inFlightMax: 2,
  }),
  // Its grants live longest, so that much can happen in their lives.
  simulatedOrigin({
    id: originId(4),
    rate: { count: 4, windowMs: 12_500 },
    account: { apiUrl: "", credentials: { token: "four" } },
    unknown: { bot: "hold", operator: "resend" },
  }),
] as const;

/** One run of the way out; @throws when a promise is broken. */
export function runOutbound(seed: number, mutants: OutboundMutants = {}): OutboundHistory {
  const stage = createStage(seed, "outbound");
  const { world, tables, temper } = stage;
  const { random } = world;
  const history = createOutboundHistory(world, tables);
  const platform = createSimulatedPlatform(stage, { history, onTaken: () => undefined });
  const outbound = createOutbound({
    stage,
    mutants,
    origins: originsOf(origins),
    platform,
    history,
    senderCount: 2,
  });
  let announce: ((announcements: readonly Announcement[]) => void) | null = null;
  stage.keep("producer", (seat) => {
    announce = outbound.announcerOf(seat);
  });
  let open = 0;
  for (let count = 1 + random.int(conversationsMax); count > 0; count -= 1) {
    const origin = random.pick(origins);
    const conversation = conversationOf(origin.tenant, origin.id, {
      kind: "client",
      identity: `client ${count}`,
    });
    const make = (version: number, left: number): void => {
      open -= 1;
      put(stage, history, { origin, conversation, version });
      const made = { tenant: origin.tenant, origin: origin.id, conversation };
      announce?.([{ ...made, count: 1, waitMs: 0, scopes: [] }]);
      if (left > 1) later(version + 1, left - 1);
    };
    const later = (version: number, left: number): void => {
      open += 1;
      const ms = random.chance(0.4) ? 0 : random.int(temper.quietAtMs / deliveriesMax);
      world.after(ms, () => make(version, left));
    };
    later(1, 1 + random.int(deliveriesMax));
  }
  world.run(endMs, () => stage.isQuiet() && open === 0 && tables.outbox.size === 0);
  const faults = history.faultsAtRest(temper.isCalm);
  if (faults.length > 0) throw world.faultOf(faults.join("; "));
  return history;
}

type Made = {
  readonly origin: Origin;
  readonly conversation: ReturnType<typeof conversationOf>;
  readonly version: number;
};

/** Commits a delivery, as the commit of a turn does. */
function put(stage: Stage, history: OutboundHistory, made: Made): void {
  const { tables, world, temper } = stage;
  const { origin, conversation, version } = made;
  const seq = version * seqPerVersion;
  const author = world.random.chance(0.8) ? "bot" : "operator";
  const hurried = !temper.isCalm && world.random.chance(0.05);
  tables.conversations.set(conversation, {
    tenant: origin.tenant,
    origin: origin.id,
    version,
    ownerEpoch: 0,
    state: null,
  });
  tables.messages.set(`${conversation}/${seq}`, { author, kind: "message", text: "", event: null });
  addDelivery(tables, {
    tenant: origin.tenant,
    conversation,
    origin: origin.id,
    seq,
    author,
    ownerEpoch: 0,
    body: writeDelivery({ address: bareAddress("client"), content: plainText(String(seq)) }),
    createdAt: tables.now(),
    deadlineAt: tables.now() + (hurried ? 2_000 : longMs),
    status: "pending",
    attempt: 0,
    token: null,
    startedAt: null,
    failures: 0,
    nextAt: null,
  });
  history.made({ conversation, seq, policy: origin.unknown[author] });
}

const busyOrigin = simulatedOrigin({
  id: originId(3),
  rate: { count: 100, windowMs: 10_000 },
  account: { apiUrl: "", credentials: { token: "three" } },
});
const busyConversations = 40;
const busyDeliveries = 20;

/** A backlog that several senders work off while nothing goes wrong. */
export function runBacklog(seed: number): OutboundHistory {
  const stage = createStage(seed, "backlog", calm);
  const { world, tables } = stage;
  const history = createOutboundHistory(world, tables);
  const platform = createSimulatedPlatform(stage, { history, onTaken: () => undefined });
  const known = originsOf([busyOrigin]);
  createOutbound({ stage, mutants: {}, origins: known, platform, history, senderCount: 2 });
  for (let count = 0; count < busyConversations; count += 1)
    for (let version = 1; version <= busyDeliveries; version += 1)
      put(stage, history, { origin: busyOrigin, conversation: conversationNo(count), version });
  world.run(endMs, () => tables.outbox.size === 0);
  return history;
}

function conversationNo(count: number): ConversationId {
  const subject = { kind: "client", identity: String(count) } as const;
  return conversationOf(busyOrigin.tenant, busyOrigin.id, subject);
}

/** The share of an origin's limit that was used between its first and its last call. */
export function usedShare(history: OutboundHistory, id: OriginId): number {
  const origin = [...origins, busyOrigin].find((one) => one.id === id);
  const times = history.arrivals(id);
  const [first, last] = [times[0], times.at(-1)];
  if (origin === undefined || first === undefined || last === undefined) return 0;
  const { count, windowMs } = origin.rate;
  return (times.length - count) / (((last - first) / windowMs) * count);
}
