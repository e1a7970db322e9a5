import type { Channel } from "../../src/channels/channel.ts";
import { createReaper, createSweeper, createTimers } from "../../src/conversation/keeper.ts";
import { createPoster } from "../../src/conversation/poster.ts";
import { createWorker } from "../../src/conversation/worker.ts";
import type { Delivery } from "../../src/conversation/worker-parts.ts";
import type { Dialog } from "../../src/dialog/dialog.ts";
import { createJournal, type FreshEvent } from "../../src/journal/journal.ts";
import type { Lanes } from "../../src/lane/lanes.ts";
import type { ConversationStore } from "../../src/conversation/store.ts";
import type { Origin, Origins } from "../../src/tenants/origins.ts";
import type { AnyRun } from "../../src/conversation/state.ts";
import type { FakeStoreOptions, StoreMutants } from "../support/fakes/conversation-options.ts";
import { createFakeConversationStore } from "../support/fakes/conversation-store.ts";
import {
  createFakeIngestDatabase,
  emptyIngestData,
  type FakeIngestOptions,
} from "../support/fakes/journal-database.ts";
import { createFakeLanes, type LaneMutants } from "../support/fakes/lanes.ts";
import {
  markedRedis,
  remoteConversationStore,
  remoteDatabase,
  remoteLanes,
} from "./remote-ports.ts";
import { readItem, type SimulatedItem } from "./simulated-channel.ts";
import { metrics, type Seat, silentLogger, type Stage } from "./stage.ts";

/** Safeguards of the way in that a mutant leaves out. */
export type InboundMutants = {
  readonly store?: StoreMutants;
  readonly lanes?: LaneMutants;
  readonly ingest?: FakeIngestOptions["mutants"];
  /** Drops from the mailbox what was applied, not what was read. */
  readonly trimApplied?: boolean;
  /** Each web process takes its ids from a block of its own. */
  readonly cachedSequence?: boolean;
  /** The state goes to Redis before it is committed. */
  readonly cacheFirst?: boolean;
  /** A commit without an answer is taken for done. */
  readonly trustUnknown?: boolean;
  /** Events and version are read one after the other. */
  readonly splitLoad?: boolean;
  readonly noSweeper?: boolean;
  readonly noReaper?: boolean;
  readonly noTimers?: boolean;
};

export type InboundOptions<Run extends AnyRun> = {
  readonly stage: Stage;
  readonly origins: Origins;
  readonly channel: Channel;
  readonly dialog: Dialog<Run>;
  readonly deliver: (seat: Seat) => (deliveries: readonly Delivery[]) => void;
  readonly onCommit: NonNullable<FakeStoreOptions["onCommit"]>;
  readonly onPark: NonNullable<FakeStoreOptions["onPark"]>;
  readonly onDelivery?: FakeStoreOptions["onDelivery"];
  readonly sessionSilenceMs: number;
  readonly dialogSilenceMs: number;
  readonly webCount: number;
  readonly workerCount: number;
  readonly mutants: InboundMutants;
};

/** The way in: web processes that store webhooks, workers that apply them. */
export type Inbound = {
  /** Brings a webhook to some web process; the answer comes back, or not. */
  readonly post: (webhook: SimulatedWebhook) => void;
  readonly lanes: Lanes;
};

export type SimulatedWebhook = {
  readonly origin: Origin;
  readonly items: readonly SimulatedItem[];
  readonly raw: Uint8Array;
  readonly onReceived: () => void;
  readonly onAnswer: (stored: boolean) => void;
};

const deliveryDeadlineMs = 3_600_000;
const idsPerBlock = 1_000;
/** How long a transaction of the journal stays open, ms. */
const commitMs = 6;
const slowCommitMs = 400;

export function createInbound<Run extends AnyRun>(options: InboundOptions<Run>): Inbound {
  const { stage, mutants } = options;
  const { world, tables, temper } = stage;
  const { random } = world;
  const ingest = emptyIngestData(tables);
  const lastApplied = new Map<string, ReadonlySet<string>>();
  let lastId = 0;

  const lanes = createFakeLanes({
    data: () => stage.redis().lanes,
    now: stage.redisNow,
    mutants: {
      ...mutants.lanes,
      ...(mutants.trimApplied === true
        ? { trimOnly: (conversation, id) => lastApplied.get(conversation)?.has(id) ?? false }
        : {}),
    },
  });
  const store = createFakeConversationStore({
    tables,
    ...(mutants.store === undefined ? {} : { mutants: mutants.store }),
    isLocked: () => !stage.isQuiet() && !temper.isCalm && random.chance(0.01),
    onCommit: (committed) => {
      lastApplied.set(committed.lane.c, new Set(committed.lane.x));
      options.onCommit(committed);
    },
    onPark: options.onPark,
    onDelivery: options.onDelivery,
  });

  const databaseOf = (place: number) => {
    let own = place * idsPerBlock;
    return createFakeIngestDatabase({
      data: ingest,
      nextId: () => (mutants.cachedSequence === true ? (own += 1) : (lastId += 1)),
      later: (work) =>
        void world.after(random.int(random.chance(0.1) ? slowCommitMs : commitMs), work),
      aborts: () => !stage.isQuiet() && !temper.isCalm && random.chance(0.03),
      ...(mutants.ingest === undefined ? {} : { mutants: mutants.ingest }),
    });
  };

  type Web = { readonly seat: Seat; readonly take: (webhook: SimulatedWebhook) => void };
  const webs: (Web | null)[] = Array.from({ length: options.webCount }, () => null);
  for (const place of webs.keys()) {
    const database = databaseOf(webs.length - place);
    stage.keep(`web ${place}`, (seat) => {
      const journal = createJournal(remoteDatabase(database, seat.postgres));
      const post = createPoster({
        lanes: remoteLanes(lanes, seat.redis),
        tickets: seat.tickets("messages"),
        ready: () => seat.runId() !== null,
      });
      const take = async (webhook: SimulatedWebhook): Promise<void> => {
        webhook.onReceived();
        const { origin, items, raw } = webhook;
        const stored = await journal
          .store({ origin, raw, events: items.map(readItem) })
          .catch(() => null);
        // As the webhook's handler does: the answer is not kept waiting for Redis.
        if (stored !== null) post(stored.flatMap(freshOf));
        const lost = !stage.isQuiet() && random.chance(temper.lostTickets);
        if (!lost && seat.process.isAlive())
          world.after(random.int(4), () => webhook.onAnswer(stored !== null));
      };
      webs[place] = { seat, take: (webhook) => void take(webhook) };
    });
  }

  for (let count = 0; count < options.workerCount; count += 1)
    stage.keep(`worker ${count}`, (seat) =>
      startWorker(options, { seat, lanes, store: withMutants(options, store) }),
    );

  return {
    lanes,
    post: (webhook) => {
      const web = webs[random.int(webs.length)];
      if (web?.seat.process.isAlive() !== true) return;
      world.after(random.int(4), () => web.take(webhook), web.seat.process);
    },
  };
}

function freshOf(
  stored: { readonly type: string } & { readonly event?: FreshEvent },
): readonly FreshEvent[] {
  return stored.event === undefined ? [] : [stored.event];
}

type WorkerSeat = {
  readonly seat: Seat;
  readonly lanes: Lanes;
  readonly store: (seat: Seat) => ConversationStore;
};

function startWorker<Run extends AnyRun>(options: InboundOptions<Run>, given: WorkerSeat): void {
  const { stage, origins, channel, mutants } = options;
  const { seat } = given;
  const lanes = remoteLanes(given.lanes, seat.redis);
  const store = given.store(seat);
  const tickets = seat.tickets("messages");
  const worker = createWorker<Run>({
    lanes,
    store,
    origins,
    metrics,
    channels: new Map([[channel.name, channel]]),
    dialog: options.dialog,
    clock: seat.process.clock,
    logger: silentLogger,
    settings: {
      sessionSilenceMs: options.sessionSilenceMs,
      dialogSilenceMs: options.dialogSilenceMs,
      deliveryDeadlineMs,
    },
    deliver: options.deliver(seat),
  });
  const leads = () => seat.postgres.call(async () => true);
  const woken = { lanes, tickets, logger: silentLogger };
  const redis = markedRedis(stage, seat);
  const services = [
    ...(mutants.noReaper === true ? [] : [createReaper({ ...woken, worker })]),
    ...(mutants.noSweeper === true
      ? []
      : [createSweeper({ ...woken, store, leads, redis, prefix: "lane:" })]),
    ...(mutants.noTimers === true ? [] : [createTimers({ ...woken, store, leads })]),
  ];
  for (const service of services) void service.start();
  void tickets.consume(2, async () => {
    if (await worker.drain()) tickets.post();
  });
}

function withMutants<Run extends AnyRun>(
  { stage, mutants }: InboundOptions<Run>,
  store: ConversationStore,
): (seat: Seat) => ConversationStore {
  return (seat) => {
    const remote = remoteConversationStore(store, seat.postgres);
    return {
      ...remote,
      commit: async (group, rows) => {
        if (mutants.cacheFirst === true)
          await seat.redis.call(async () => {
            for (const { c, v, s } of group)
              stage.redis().lanes.states.set(c, { version: v + 1, state: JSON.stringify(s) });
          });
        const done = remote.commit(group, rows);
        return mutants.trustUnknown === true ? done.catch(() => group.map(() => "done")) : done;
      },
      load: async (names, eventsMax) => {
        const events = await remote.load(names, eventsMax);
        if (mutants.splitLoad !== true) return events;
        const versions = await remote.load(names, eventsMax);
        return events.map((lane, place) => ({ ...(versions[place] ?? lane), events: lane.events }));
      },
    };
  };
}
