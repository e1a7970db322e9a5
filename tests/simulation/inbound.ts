import { createPoster } from "../../src/conversation/poster.ts";
import type { AnyRun } from "../../src/conversation/state.ts";
import { createJournal, type FreshEvent } from "../../src/journal/journal.ts";
import type { Lanes } from "../../src/lane/lanes.ts";
import type { Database } from "../../src/platform/postgres/database.ts";
import type { Origin } from "../../src/tenants/origins.ts";
import { createFakeConversationStore } from "../support/fakes/conversation-store.ts";
import { createFakeIngestDatabase, emptyIngestData } from "../support/fakes/journal-database.ts";
import { createFakeLanes } from "../support/fakes/lanes.ts";
import { createCounter } from "../support/simulation/counter.ts";
import type { InboundOptions } from "./inbound-options.ts";
import { remoteDatabase, remoteLanes } from "./remote-ports.ts";
import { readItem, type SimulatedItem } from "./simulated-channel.ts";
import type { Seat, Stage } from "./stage.ts";
import { startWorker } from "./worker-process.ts";

/** The way in: web processes that store webhooks, workers that apply them. */
export type Inbound = {
  /** Brings a webhook to some web process; the answer comes back, or not. */
  readonly post: (webhook: SimulatedWebhook) => void;
};

export type SimulatedWebhook = {
  readonly origin: Origin;
  readonly items: readonly SimulatedItem[];
  readonly raw: Uint8Array;
  readonly onReceived: () => void;
  readonly onAnswer: (stored: boolean) => void;
};

type Web = { readonly seat: Seat; readonly take: (webhook: SimulatedWebhook) => void };

const idsPerBlock = 1_000;
/** How long a transaction of the journal stays open, ms. */
const commitMs = 6;
const slowCommitMs = 400;
const slowCommitShare = 0.1;
const abortShare = 0.03;
const lockedShare = 0.01;
const wayMs = 4;

/** Starts the processes of the way in. */
export function createInbound<Run extends AnyRun>(options: InboundOptions<Run>): Inbound {
  const { stage } = options;
  const { world } = stage;
  const { random } = world;
  const servers = createServers(options);
  const databaseOf = createDatabases(options);
  const webs: (Web | null)[] = Array.from({ length: options.webCount }, () => null);
  for (const place of webs.keys()) {
    const database = databaseOf(webs.length - place);
    stage.keep(`web ${place}`, (seat) => {
      webs[place] = { seat, take: startWeb(stage, seat, { database, lanes: servers.lanes }) };
    });
  }
  for (let count = 0; count < options.workerCount; count += 1)
    stage.keep(`worker ${count}`, (seat) => startWorker(options, seat, servers));
  return {
    post: (webhook) => {
      const web = webs[random.int(webs.length)];
      if (web?.seat.process.isAlive() !== true) return;
      world.after(random.int(wayMs), () => web.take(webhook), web.seat.process);
    },
  };
}

/** What all workers share. */
function createServers<Run extends AnyRun>(options: InboundOptions<Run>) {
  const { stage, mutants } = options;
  const applied = new Map<string, ReadonlySet<string>>();
  const wasApplied = (conversation: string, id: string): boolean =>
    applied.get(conversation)?.has(id) ?? false;
  const lanes = createFakeLanes({
    data: () => stage.redis().lanes,
    now: stage.redisNow,
    mutants: {
      ...mutants.lanes,
      ...(mutants.trimApplied === true ? { trimOnly: wasApplied } : {}),
    },
  });
  const store = createFakeConversationStore({
    tables: stage.tables,
    mutants: mutants.store ?? {},
    isLocked: () => !stage.temper.isCalm && stage.chance(lockedShare),
    onCommit: (committed) => {
      applied.set(committed.lane.c, new Set(committed.lane.x));
      options.onCommit(committed);
    },
    onPark: options.onPark,
    onDelivery: options.onDelivery,
  });
  return { lanes, store };
}

/** The journal's database, one connection pool for each web process; `place` tells them apart. */
function createDatabases<Run extends AnyRun>(
  options: InboundOptions<Run>,
): (place: number) => Database {
  const { stage, mutants } = options;
  const { world } = stage;
  const { random } = world;
  const data = emptyIngestData(stage.tables);
  const nextId = createCounter();
  return (place) => {
    const nextOfBlock = createCounter(place * idsPerBlock);
    return createFakeIngestDatabase({
      data,
      nextId: mutants.cachedSequence === true ? nextOfBlock : nextId,
      later: (work) => {
        const ms = random.chance(slowCommitShare) ? slowCommitMs : commitMs;
        world.after(random.int(ms), work);
      },
      aborts: () => !stage.temper.isCalm && stage.chance(abortShare),
      mutants: mutants.ingest ?? {},
    });
  };
}

/** Starts a web process; returns its way in. */
function startWeb(
  stage: Stage,
  seat: Seat,
  servers: { readonly database: Database; readonly lanes: Lanes },
): Web["take"] {
  const { world } = stage;
  const journal = createJournal(remoteDatabase(servers.database, seat.postgres));
  const post = createPoster({
    lanes: remoteLanes(servers.lanes, seat.redis),
    tickets: seat.tickets("messages"),
    ready: () => seat.runId() !== null,
  });
  const take = async ({ origin, items, raw, ...webhook }: SimulatedWebhook): Promise<void> => {
    webhook.onReceived();
    const events = items.map(readItem);
    const stored = await journal.store({ origin, raw, events }).catch(() => null);
    // As the webhook's handler does: the answer is not kept waiting for Redis.
    if (stored !== null) post(stored.flatMap(freshOf));
    if (!seat.process.isAlive() || stage.chance(stage.temper.lostTickets)) return;
    world.after(world.random.int(wayMs), () => webhook.onAnswer(stored !== null));
  };
  return (webhook) => void take(webhook);
}

function freshOf(stored: {
  readonly type: string;
  readonly event?: FreshEvent;
}): readonly FreshEvent[] {
  return stored.event === undefined ? [] : [stored.event];
}
