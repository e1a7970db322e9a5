import {
  attemptsMax,
  type FailedEvent,
  type Suspected,
  type SuspectedLane,
} from "../../../src/conversation/store.ts";
import { originId } from "../../../src/core/ids.ts";
import type { LaneName } from "../../../src/lane/lanes.ts";
import { conversationOf, type FakeStoreOptions } from "./conversation-options.ts";
import { openEvents, type PendingRow, removePending, seqKey, type Tables } from "./tables.ts";

type Counting = { readonly floor: number; readonly more: number };

function count(
  tables: Tables,
  { tenant, conversation }: LaneName,
  id: number,
  { floor, more }: Counting,
): PendingRow | undefined {
  const event = openEvents(tables, conversation).find((row) => row.id === id);
  if (event === undefined) return undefined;
  const o = tables.journal.get(id)?.origin ?? originId(0);
  conversationOf(tables, { c: conversation, t: tenant, o });
  event.attempts = Math.max(event.attempts, floor) + more;
  return event;
}

/** Records that an event could not be handled; the last time it is parked. */
export function fail(
  options: FakeStoreOptions,
  lane: LaneName,
  failure: { readonly eventId: string; readonly reason: string; readonly counted: boolean },
): FailedEvent {
  const { tables, mutants } = options;
  const more = failure.counted ? 0 : 1;
  const event = count(tables, lane, Number(failure.eventId), { floor: 0, more });
  if (event === undefined) return { parked: false, waitMs: 0 };
  if (event.attempts >= attemptsMax && mutants?.noPark !== true) {
    park(options, lane, event, failure.reason);
    return { parked: true, waitMs: 0 };
  }
  const waitMs = 2 ** (event.attempts - 1) * 1_000;
  event.nextAt = tables.now() + waitMs;
  return { parked: false, waitMs };
}

/** Counts an attempt before it is begun, because those before it ended with the death of their process. */
export function suspect(options: FakeStoreOptions, lane: SuspectedLane): Suspected {
  const { tables, mutants = {} } = options;
  const first = openEvents(tables, lane.conversation)[0];
  if (first === undefined || (first.nextAt ?? 0) > tables.now()) return "none";
  if (mutants.noSuspicion === true) return "counted";
  if (lane.tries === 0 && first.attempts > 2 && first.nextAt === null) return "counted";
  const event = count(tables, lane, first.id, { floor: 2, more: 1 });
  if (event === undefined || event.attempts <= attemptsMax) {
    first.nextAt = null;
    return "counted";
  }
  park(options, lane, event, "the processes that handled it died");
  return "parked";
}

function park(
  { tables, onPark }: FakeStoreOptions,
  { conversation }: LaneName,
  event: PendingRow,
  reason: string,
): void {
  const row = tables.conversations.get(conversation);
  if (row === undefined) return;
  row.version += 1;
  tables.parked.set(event.id, { conversation, attempts: event.attempts, reason });
  removePending(tables, conversation, new Set([event.id]));
  tables.messages.set(seqKey(conversation, row.version * 1_000), {
    author: "platform",
    kind: "gap",
    text: "",
    event: event.id,
  });
  onPark?.(conversation, event.id);
}
