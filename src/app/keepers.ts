import type { Channel } from "../channels/channel.ts";
import { createSweeper, createTimers } from "../conversation/keeper.ts";
import type { ConversationStore } from "../conversation/store.ts";
import type { Service } from "../core/service.ts";
import { createPartitionKeeper } from "../journal/partitions.ts";
import type { Lanes } from "../lane/lanes.ts";
import { createOutboxSweeper, createSilenceKeeper } from "../outbox/keeper.ts";
import type { Limiter } from "../outbox/limiter.ts";
import type { OutboxStore } from "../outbox/store.ts";
import type { Database } from "../platform/postgres/database.ts";
import { createLeader } from "../platform/postgres/leader.ts";
import type { TicketQueue } from "../platform/queue/tickets.ts";
import type { Origins } from "../tenants/origins.ts";
import type { Foundation } from "./foundation.ts";

export type KeeperParts = {
  readonly foundation: Foundation;
  readonly database: Database;
  readonly store: ConversationStore;
  readonly outboxStore: OutboxStore;
  readonly lanes: Lanes;
  readonly limiter: Limiter;
  readonly origins: Origins;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly messages: TicketQueue;
  readonly outbox: TicketQueue;
  readonly lanePrefix: string;
  readonly outboxPrefix: string;
};

/** The services of which one process is enough; whoever of the live processes leads does the work. */
export function createKeeperSet(parts: KeeperParts): {
  readonly inbound: readonly Service[];
  readonly outbound: readonly Service[];
} {
  const { logger, metrics, redis, process } = parts.foundation;
  const leads = (name: string) => createLeader(parts.database, name, process);
  const woken = { lanes: parts.lanes, tickets: parts.messages, logger };
  const sending = {
    limiter: parts.limiter,
    store: parts.outboxStore,
    origins: parts.origins,
    channels: parts.channels,
    redis,
    prefix: parts.outboxPrefix,
    tickets: parts.outbox,
    logger,
    metrics,
  };
  return {
    inbound: [
      createSweeper({
        ...woken,
        store: parts.store,
        leads: leads("lane sweeper"),
        redis,
        prefix: parts.lanePrefix,
      }),
      createTimers({ ...woken, store: parts.store, leads: leads("timers") }),
      createPartitionKeeper({
        database: parts.database,
        leads: leads("journal partitions"),
        logger,
      }),
    ],
    outbound: [
      createSilenceKeeper({ ...sending, leads: leads("silence keeper") }),
      createOutboxSweeper({ ...sending, leads: leads("outbox sweeper") }),
    ],
  };
}
