import type { Channel } from "../channels/channel.ts";
import { createSweeper, createTimers } from "../conversation/keeper.ts";
import { systemClock } from "../core/clock.ts";
import type { Service } from "../core/service.ts";
import { createPartitionKeeper } from "../journal/partitions.ts";
import { createJournalRetention } from "../journal/retention.ts";
import { createOutboxSweeper, createSilenceKeeper } from "../outbox/keeper.ts";
import type { Statement } from "../platform/postgres/database.ts";
import { createLeader } from "../platform/postgres/leader.ts";
import type { Accounts } from "../tenants/accounts.ts";
import { createConnectionKeeper } from "../tenants/connection-keeper.ts";
import type { Origins } from "../tenants/origins.ts";
import type { Foundation } from "./foundation.ts";
import type { Inbound } from "./inbound.ts";
import type { Outbound } from "./outbound.ts";
import type { AppStores } from "./stores.ts";

/** What the keepers look after. */
export type KeeperParts = {
  readonly foundation: Foundation;
  readonly stores: AppStores;
  readonly inbound: Inbound;
  readonly outbound: Outbound;
  readonly origins: Origins;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly accounts: Accounts;
};

export type KeeperSet = {
  readonly inbound: readonly Service[];
  readonly outbound: readonly Service[];
  /** Lets what this process leads pass on at once, instead of after its lease. */
  readonly giveUpLeads: () => Promise<void>;
};

const leadNames = [
  "lane sweeper",
  "timers",
  "journal partitions",
  "journal retention",
  "silence keeper",
  "outbox sweeper",
  "connection keeper",
] as const;

/** A lease that ends at once; one that somebody else holds is not touched. */
const giveUpLeads: Statement = {
  name: "give_up_leads",
  text: "SELECT take_lead(name, $1, 0) FROM unnest($2::text[]) AS name",
};

/** The services of which one process is enough; whoever of the live processes leads does the work. */
export function createKeeperSet(parts: KeeperParts): KeeperSet {
  const { stores, inbound, outbound, origins, channels, accounts } = parts;
  const { config, logger, metrics, redis, process } = parts.foundation;
  const leads = (name: (typeof leadNames)[number]) => createLeader(stores.work, name, process);
  const woken = { lanes: inbound.lanes, store: inbound.store, tickets: stores.messages, logger };
  const sending = {
    limiter: outbound.limiter,
    store: outbound.store,
    origins,
    channels,
    redis,
    prefix: stores.outboxPrefix,
    tickets: stores.outbox,
    logger,
    metrics,
  };
  const retention = createJournalRetention({
    database: stores.upkeep,
    leads: leads("journal retention"),
    logger,
    days: config.journalDays,
  });
  return {
    inbound: [
      createSweeper({ ...woken, leads: leads("lane sweeper"), redis, prefix: stores.lanePrefix }),
      createTimers({ ...woken, leads: leads("timers") }),
      createPartitionKeeper({ database: stores.work, leads: leads("journal partitions"), logger }),
      ...(config.journalDays > 0 ? [retention] : []),
    ],
    outbound: [
      createSilenceKeeper({ ...sending, leads: leads("silence keeper") }),
      createOutboxSweeper({ ...sending, leads: leads("outbox sweeper") }),
      createConnectionKeeper({
        database: stores.work,
        origins,
        channels,
        accounts,
        publicUrl: config.publicUrl,
        leads: leads("connection keeper"),
        clock: systemClock,
        logger,
      }),
    ],
    giveUpLeads: async () => {
      await stores.work.query(giveUpLeads, [process, leadNames]);
    },
  };
}
