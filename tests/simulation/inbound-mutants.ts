import type { ConversationStore } from "../../src/conversation/store.ts";
import type { StoreMutants } from "../support/fakes/conversation-options.ts";
import type { FakeIngestOptions } from "../support/fakes/journal-database.ts";
import type { LaneMutants } from "../support/fakes/lanes.ts";
import type { Seat, Stage } from "./stage.ts";

/** Safeguards of the way in that a mutant leaves out. */
export type InboundMutants = {
  readonly store?: StoreMutants;
  readonly lanes?: LaneMutants;
  readonly ingest?: NonNullable<FakeIngestOptions["mutants"]>;
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

/** The store as a careless worker would use it. */
export function mutatedStore(
  store: ConversationStore,
  given: { readonly mutants: InboundMutants; readonly stage: Stage; readonly seat: Seat },
): ConversationStore {
  const { mutants, stage, seat } = given;
  const commit: ConversationStore["commit"] = async (group, rows) => {
    if (mutants.cacheFirst === true)
      await seat.redis.call(async () => {
        const { states } = stage.redis().lanes;
        for (const { c, v, s } of group)
          states.set(c, { version: v + 1, state: JSON.stringify(s) });
      });
    const done = store.commit(group, rows);
    return mutants.trustUnknown === true ? done.catch(() => group.map(() => "done")) : done;
  };
  const load: ConversationStore["load"] = async (names, eventsMax) => {
    const events = await store.load(names, eventsMax);
    if (mutants.splitLoad !== true) return events;
    const versions = await store.load(names, eventsMax);
    return events.map((lane, place) => ({ ...(versions[place] ?? lane), events: lane.events }));
  };
  return { ...store, commit, load };
}
