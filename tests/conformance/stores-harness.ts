import type { LaneCommit, ConversationStore } from "../../src/conversation/store.ts";
import { addRows, type GroupRows } from "../../src/conversation/rows.ts";
import type { Effect } from "../../src/conversation/effect.ts";
import type { LaneName } from "../../src/lane/lanes.ts";
import type { Finished, GrantAnswer, OutboxStore } from "../../src/outbox/store.ts";
import type { Origin } from "../../src/tenants/origins.ts";
import { plainText } from "../../src/message/outgoing.ts";
import { bareAddress } from "../support/bare-channel.ts";

/** The stores under test, on one set of tables. */
export type StoresHarness = {
  readonly store: ConversationStore;
  readonly outbox: OutboxStore;
  readonly origin: Origin;
  readonly lane: (client: string) => LaneName;
  /** Commits an event of a client; resolves with its id. */
  readonly add: (client: string) => Promise<string>;
  /** Ends all waiting: of events, deliveries, holds. */
  readonly hasten: () => Promise<void>;
  /** What was parked of a conversation's events. */
  readonly parked: (lane: LaneName) => Promise<readonly { id: string; attempts: number }[]>;
  readonly attempts: (lane: LaneName) => Promise<readonly AttemptSeen[]>;
  readonly parkedDeliveries: (lane: LaneName) => Promise<number>;
  readonly close: () => Promise<void>;
};

export type AttemptSeen = {
  readonly seq: string;
  readonly n: number;
  readonly outcome: string;
  readonly settledBy: string | null;
};

const deadlineMs = 3_600_000;

/** What is to be committed for one lane. */
export type Turn = {
  readonly lane: LaneName;
  readonly origin: Origin;
  readonly version: number;
  readonly ids?: readonly string[];
  readonly fast?: boolean;
  readonly state?: unknown;
  readonly epoch?: number;
  readonly timer?: { readonly setTo: number | null; readonly remove: boolean };
  readonly effects?: readonly Effect[];
};

/** A commit of several turns, as the worker makes it. */
export async function commitAll(store: ConversationStore, turns: readonly Turn[]) {
  const rows: GroupRows = { messages: [], logs: [], outbox: [], rare: [] };
  turns.forEach(({ lane, origin, version, effects = [] }, i) => {
    const keys = { i, t: lane.tenant, c: lane.conversation, o: origin.id, version: version + 1 };
    addRows(rows, keys, { effects, deadlineMs });
  });
  return store.commit(turns.map(laneCommit), rows);
}

function laneCommit(turn: Turn, i: number): LaneCommit {
  const { lane, origin, ids = [], timer = { setTo: null, remove: false } } = turn;
  return {
    i,
    t: lane.tenant,
    c: lane.conversation,
    o: origin.id,
    n: "somebody",
    v: turn.version,
    s: turn.state ?? { v: 1 },
    e: turn.epoch ?? 0,
    f: turn.fast ?? false,
    x: ids,
    m: ids.at(-1) ?? "0",
    d: timer.setTo,
    r: timer.remove,
  };
}

/** A reply of the bot; "\0" is a text that PostgreSQL refuses. */
export function reply(text: string, ownerEpoch = 0): Effect {
  const content = plainText(text);
  const address = bareAddress("7");
  return { type: "reply", eventId: "1", session: null, ownerEpoch, content, address, at: 1_000 };
}

export function order(run: number): Effect {
  const effect = { type: "order_placed", run, address: "a", phone: "+1", quantity: 1 } as const;
  return { type: "dialog", effect, clientId: "7" };
}

/** An end of an attempt as the sender records it; `changes` say how it ended. */
export function endOf(
  lane: LaneName,
  origin: Origin,
  changes: Partial<Finished> & Pick<Finished, "k">,
): Finished {
  return {
    t: lane.tenant,
    c: lane.conversation,
    g: origin.id,
    q: null,
    a: null,
    oc: "sent",
    fi: true,
    w: 0,
    fl: 0,
    st: null,
    de: null,
    mi: null,
    ho: null,
    hr: null,
    hs: "",
    un: false,
    pk: null,
    bo: null,
    ...changes,
  };
}

/** Asks for one mark. */
export async function markOne(
  outbox: OutboxStore,
  lane: LaneName,
  token: string,
): Promise<GrantAnswer> {
  const [answer] = await outbox.exchange(
    [],
    [{ i: 0, t: lane.tenant, c: lane.conversation, k: token, sc: [] }],
  );
  if (answer === undefined) throw new Error("a grant got no answer");
  return answer;
}
