import { createReaper, createSweeper, createTimers } from "../../src/conversation/keeper.ts";
import type { AnyRun } from "../../src/conversation/state.ts";
import type { ConversationStore } from "../../src/conversation/store.ts";
import { createWorker } from "../../src/conversation/worker.ts";
import type { Lanes } from "../../src/lane/lanes.ts";
import { mutatedStore } from "./inbound-mutants.ts";
import type { InboundOptions } from "./inbound-options.ts";
import { markedRedis, remoteConversationStore, remoteLanes } from "./remote-ports.ts";
import { metrics, type Seat, silentLogger } from "./stage.ts";

/** What a worker's process reaches over its connections. */
export type WorkerServers = { readonly lanes: Lanes; readonly store: ConversationStore };

const deliveryDeadlineMs = 3_600_000;
const concurrency = 2;

/** Starts a worker with its keepers, as a process of that role does. */
export function startWorker<Run extends AnyRun>(
  options: InboundOptions<Run>,
  seat: Seat,
  servers: WorkerServers,
): void {
  const { stage, origins, channel, mutants } = options;
  const lanes = remoteLanes(servers.lanes, seat.redis);
  const remote = remoteConversationStore(servers.store, seat.postgres);
  const store = mutatedStore(remote, { mutants, stage, seat });
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
  const woken = { lanes, tickets, logger: silentLogger };
  const leading = { ...woken, store, leads: () => seat.postgres.call(async () => true) };
  const redis = markedRedis(stage, seat);
  if (mutants.noReaper !== true) void createReaper({ ...woken, worker }).start();
  if (mutants.noSweeper !== true)
    void createSweeper({ ...leading, redis, prefix: "lane:" }).start();
  if (mutants.noTimers !== true) void createTimers(leading).start();
  void tickets.consume(concurrency, async () => {
    if (await worker.drain()) tickets.post();
  });
}
