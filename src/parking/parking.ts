import type { ConversationId, OriginId, TenantId } from "../core/ids.ts";
import type { ParkedName } from "./parked-id.ts";
import type {
  DiscardVerdict,
  ParkedDetail,
  ParkedFilter,
  ParkedItem,
  ParkingStore,
  ReplayVerdict,
} from "./store.ts";

/**
 * Work that failed too often and was set aside, so that its conversation goes on.
 *
 *   parked ──replay──▶ open work again, tried at once          parked ──discard──▶ a record of who and why
 *
 * A replay is one transaction: two at the same time replay once. A replayed event is applied now, exactly once, also when later
 * ones were applied before it; a replayed delivery is sent now, before what is still open behind it. A delivery one of whose
 * attempts got no answer may have arrived already: its replay is then the second copy.
 */
export type Parking = {
  readonly list: (
    filter: ParkedFilter,
    limit: number,
  ) => Promise<{ readonly items: readonly ParkedItem[]; readonly found: number }>;
  /** Everything that an id may mean; usually one. */
  readonly find: (name: ParkedName, raw: boolean) => Promise<readonly ParkedDetail[]>;
  /** Puts work back in the order in which it came, and wakes those who do it. */
  readonly replay: (items: readonly ParkedItem[], by: string) => Promise<Replayed>;
  readonly discard: (
    item: ParkedItem,
    as: { readonly by: string; readonly why: string },
  ) => Promise<DiscardVerdict>;
};

export type Replayed = {
  readonly ends: readonly { readonly item: ParkedItem; readonly verdict: ReplayVerdict }[];
  /** False when the wake-up did not reach Redis: the sweepers then find the work, some seconds later. */
  readonly woken: boolean;
};

export type ParkingParts = {
  readonly store: ParkingStore;
  /** Wakes the lanes of replayed events; may reject. */
  readonly wakeLanes: (
    lanes: readonly { readonly tenant: TenantId; readonly conversation: ConversationId }[],
  ) => Promise<void>;
  /** Announces replayed deliveries to the senders; may reject. */
  readonly announce: (
    deliveries: readonly {
      readonly tenant: TenantId;
      readonly origin: OriginId;
      readonly conversation: ConversationId;
    }[],
  ) => Promise<void>;
  /** How long a replayed delivery may be tried, ms. */
  readonly deliveryDeadlineMs: number;
};

/** Replayed work is woken in pages of this size, so that the first does not wait for the last. */
const wokenTogetherMax = 200;

/** Makes the operations on parked work. */
export function createParking(parts: ParkingParts): Parking {
  const { store } = parts;

  const wake = async (replayed: readonly ParkedItem[]): Promise<boolean> => {
    const events = replayed.filter((item) => item.kind === "event");
    const deliveries = replayed.filter((item) => item.kind === "delivery");
    try {
      if (events.length > 0) await parts.wakeLanes(events);
      if (deliveries.length > 0) await parts.announce(deliveries);
      return true;
    } catch {
      return false;
    }
  };

  const replayPage = async (page: readonly ParkedItem[], by: string): Promise<Replayed> => {
    const ends: { readonly item: ParkedItem; readonly verdict: ReplayVerdict }[] = [];
    const replayed = () => ends.filter((end) => end.verdict === "replayed").map((end) => end.item);
    try {
      for (const item of page) {
        const deadlineMs = parts.deliveryDeadlineMs;
        ends.push({ item, verdict: await store.replay(item, { by, deadlineMs }) });
      }
    } catch (error) {
      // What was replayed before PostgreSQL went away is committed, and is not made to wait.
      await wake(replayed());
      throw error;
    }
    return { ends, woken: await wake(replayed()) };
  };

  return {
    list: store.list,
    find: store.find,
    discard: store.discard,
    replay: async (items, by) => {
      const sorted = items.toSorted(inOrder);
      const pages: Replayed[] = [];
      for (let at = 0; at < sorted.length; at += wokenTogetherMax)
        pages.push(await replayPage(sorted.slice(at, at + wokenTogetherMax), by));
      return {
        ends: pages.flatMap((page) => page.ends),
        woken: pages.every((page) => page.woken),
      };
    },
  };
}

/** Events by their journal ids, then deliveries by their places: what belongs to one conversation goes back in its order. */
function inOrder(a: ParkedItem, b: ParkedItem): number {
  if (a.kind !== b.kind) return a.kind === "event" ? -1 : 1;
  const [first, second] = [BigInt(a.number), BigInt(b.number)];
  return Number(first > second) - Number(first < second);
}
