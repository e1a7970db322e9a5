import { decide, decideTick } from "../../src/conversation/decide.ts";
import type { Decision } from "../../src/conversation/ownership.ts";
import { noFacts } from "../../src/conversation/echo.ts";
import type { Rules } from "../../src/conversation/arrival.ts";
import { type ConversationState, newConversation } from "../../src/conversation/state.ts";
import { type ConversationId, originId } from "../../src/core/ids.ts";
import { orderDialog } from "../../src/dialog/flows/order/order.ts";
import type { OrderRun } from "../../src/dialog/flows/order/run.ts";
import type { Tables } from "../support/fakes/tables.ts";
import { originsOf, simulatedOrigin } from "../support/simulation/simulated-origins.ts";
import { letClientsWrite, newClients } from "./clients.ts";
import { createInbound } from "./inbound.ts";
import { createSimulatedChannel, type SimulatedItem } from "./simulated-channel.ts";
import { createStage, type Stage } from "./stage.ts";
import { wordsOf } from "../../src/message/outgoing.ts";

/** Longest a run may take to come to rest, ms. */
const endMs = 240_000;
const silencesMs = { sessionSilenceMs: 2_500, dialogSilenceMs: 4_000 };
const origins = [simulatedOrigin({ id: originId(1) })] as const;
const rules: Rules<OrderRun> = {
  dialog: orderDialog,
  language: "en",
  enabled: true,
  textLimit: { max: 4_096, unit: "utf16" },
  ...silencesMs,
};

/** What clients of the order dialog write: mostly the next right answer, sometimes anything. */
const course = ["hello", "10 Main Street", "+12025550123", "3", "yes"] as const;
const anything = ["no", "cancel", "start over", "x", "51", "10 Main Street", "yes"] as const;

/** How many orders were placed, and how many runs ended by silence: what a useful set of seeds has some of. */
export type OrdersSeen = { readonly orders: number; readonly expired: number };

/**
 * One run of the order dialog under misfortune; @throws when what PostgreSQL holds in the end is not what the pure machine makes of
 * the same messages in the order of their ids, with every deadline met exactly.
 */
export function runOrders(seed: number): OrdersSeen {
  const stage = createStage(seed, "orders");
  const { world, tables } = stage;
  const { random } = world;
  const applied = new Map<ConversationId, number[]>();
  const inbound = createInbound({
    stage,
    mutants: {},
    origins: originsOf(origins),
    channel: createSimulatedChannel(async () => ({ type: "not_sent", detail: "nobody" })),
    dialog: orderDialog,
    deliver: () => () => undefined,
    onCommit: ({ lane, ids }) => {
      applied.set(lane.c, [...(applied.get(lane.c) ?? []), ...ids]);
    },
    onPark: (_, id) => world.fail(`event ${id} was parked`),
    ...silencesMs,
    webCount: 1,
    workerCount: 2,
  });
  const clients = newClients({ stage, inbound, history: silentHistory });
  const places = new Map<string, number>();
  const textOf = (client: string): string => {
    if (random.chance(0.15)) return random.pick(anything);
    const place = places.get(client) ?? 0;
    places.set(client, (place + 1) % course.length);
    return course[place] ?? "hello";
  };
  letClientsWrite(clients, { stage, origins, poison: 0, textOf });
  const isAtRest = (): boolean =>
    stage.isQuiet() && clients.isSilent() && tables.pending.size === 0 && tables.timers.size === 0;
  world.run(endMs, isAtRest);
  if (!isAtRest()) throw world.faultOf("not at rest");
  for (const [conversation, ids] of applied) {
    const fault = differenceOf(stage, conversation, ids);
    if (fault !== null) throw world.faultOf(`${conversation}: ${fault}`);
  }
  const ends = [...tables.outcomes.values()].map((row) => row["reason"]);
  return { orders: tables.orders.size, expired: ends.filter((end) => end === "expired").length };
}

const silentHistory = {
  written: () => undefined,
  received: () => undefined,
  acknowledged: () => undefined,
};

/** What is in the tables and not in the replay, or the other way round; null when they agree. */
function differenceOf(
  { tables, world }: Stage,
  conversation: ConversationId,
  ids: readonly number[],
): string | null {
  const replayed = replay(tables, ids);
  const row = tables.conversations.get(conversation);
  const stored: ConversationState<OrderRun> = JSON.parse(row?.state ?? "null");
  const rest = { ...replayed.state, timerAt: null };
  const kept = keptOf(tables, conversation);
  const pairs = [
    ["state", { ...stored, timerAt: null }, rest],
    ["replies", kept.replies, textsOf(replayed)],
    ["orders", kept.orders, numbersOf(replayed, "order_placed")],
    ["ends", kept.ends, numbersOf(replayed, "run_ended")],
  ] as const;
  const wrong = pairs.find(([, left, right]) => JSON.stringify(left) !== JSON.stringify(right));
  if (wrong === undefined) return null;
  world.note(() => JSON.stringify(wrong));
  return `${wrong[0]} are ${JSON.stringify(wrong[1])} instead of ${JSON.stringify(wrong[2])}`;
}

/** What the pure machine makes of these events, and of the silence after them. */
function replay(tables: Tables, ids: readonly number[]): Decision<OrderRun> {
  let state = newConversation<OrderRun>(null, orderDialog.initial);
  const effects: Decision<OrderRun>["effects"][number][] = [];
  for (const id of ids) {
    const stored = tables.journal.get(id);
    if (stored === undefined) throw new Error(`event ${id} is not in the journal`);
    const { items }: { readonly items: readonly SimulatedItem[] } = JSON.parse(
      new TextDecoder().decode(stored.raw),
    );
    for (const { event, client } of items) {
      const known = { ...state, identity: client };
      const arrival = { id: String(id), at: stored.at, event };
      const outcome = decide(known, arrival, rules, noFacts);
      if (outcome.type !== "decided") throw new Error("a replay does not wait");
      state = outcome.state;
      effects.push(...outcome.effects);
    }
  }
  const last = decideTick(state, Number.MAX_SAFE_INTEGER, rules);
  return { state: last.state, effects: [...effects, ...last.effects] };
}

function textsOf({ effects }: Decision<OrderRun>): readonly string[] {
  return effects.flatMap((effect) => (effect.type === "reply" ? [wordsOf(effect.content)] : []));
}

function numbersOf(
  { effects }: Decision<OrderRun>,
  type: "order_placed" | "run_ended",
): readonly number[] {
  return effects.flatMap((one) =>
    one.type === "dialog" && one.effect.type === type ? [one.effect.run] : [],
  );
}

function keptOf(tables: Tables, conversation: ConversationId) {
  const own = <Row>(rows: ReadonlyMap<string, Row>): readonly (readonly [number, Row])[] =>
    [...rows]
      .filter(([key]) => key.startsWith(conversation))
      .map(([key, row]) => [Number(key.split("/").at(-1)), row] as const)
      .toSorted(([a], [b]) => a - b);
  return {
    replies: own(tables.messages).flatMap(([, { author, text }]) =>
      author === "bot" ? [text] : [],
    ),
    orders: own(tables.orders).map(([run]) => run),
    ends: own(tables.outcomes).map(([run]) => run),
  };
}
