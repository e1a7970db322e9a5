import { describeError } from "../core/errors.ts";
import type { ClaimedLane, Release } from "../lane/lanes.ts";
import { cautionAfter, eventsAllowed } from "./caution.ts";
import { failEvent, postponeTimer } from "./endings.ts";
import type { AnyRun } from "./state.ts";
import type { LoadedLane } from "./store.ts";
import { type Reading, readFast, readLoaded, type Readers, type Turn } from "./turn.ts";
import type { WorkerParts } from "./worker-parts.ts";

/** The turns of a claimed group, and the lanes that have none: idle, waiting, or with an event nobody can read. */
export type ReadGroup<Run extends AnyRun> = {
  readonly turns: readonly Turn<Run>[];
  readonly releases: readonly Release[];
};

/** Splits claimed lanes into turns that Redis alone can give and lanes that PostgreSQL must be asked about. */
export function readFromRedis<Run extends AnyRun>(
  parts: WorkerParts<Run>,
  claimed: readonly ClaimedLane[],
): { readonly fast: readonly Turn<Run>[]; readonly slow: readonly ClaimedLane[] } {
  const fast: Turn<Run>[] = [];
  const slow: ClaimedLane[] = [];
  for (const lane of claimed) {
    // A lane under suspicion counts its attempts in PostgreSQL, so it is read there.
    const turn = eventsAllowed(lane) === 1 ? null : fastOrNull(lane, readersOf(parts));
    if (turn === null) slow.push(lane);
    else fast.push(turn);
  }
  return { fast, slow };
}

/** Reads lanes from one snapshot of PostgreSQL. */
export async function readFromPostgres<Run extends AnyRun>(
  parts: WorkerParts<Run>,
  lanes: readonly ClaimedLane[],
): Promise<ReadGroup<Run>> {
  const turns: Turn<Run>[] = [];
  const releases: Release[] = [];
  if (lanes.length === 0) return { turns, releases };
  const loaded = await parts.store.load(lanes, Math.max(...lanes.map(eventsAllowed)));
  for (const [index, lane] of lanes.entries()) {
    const own = loaded[index];
    if (own === undefined) continue;
    const reading = readOrFail(lane, own, readersOf(parts));
    if (reading.type === "turn") turns.push(reading.turn);
    else releases.push(await releaseUnread(parts, lane, reading));
  }
  return { turns, releases };
}

function readersOf<Run extends AnyRun>(parts: WorkerParts<Run>): Readers<Run> {
  return { origins: parts.origins, channels: parts.channels, initialRun: parts.dialog.initial };
}

/** Whatever is wrong with Redis's copy, PostgreSQL has the truth. */
function fastOrNull<Run extends AnyRun>(
  lane: ClaimedLane,
  readers: Readers<Run>,
): Turn<Run> | null {
  try {
    return readFast(lane, readers);
  } catch {
    return null;
  }
}

function readOrFail<Run extends AnyRun>(
  lane: ClaimedLane,
  loaded: LoadedLane,
  readers: Readers<Run>,
): Reading<Run> {
  try {
    return readLoaded(lane, loaded, readers);
  } catch (error) {
    const first = loaded.events[0];
    return first === undefined
      ? { type: "unreadable_state", reason: describeError(error) }
      : { type: "unreadable", eventId: first.id, reason: describeError(error) };
  }
}

async function releaseUnread<Run extends AnyRun>(
  parts: WorkerParts<Run>,
  lane: ClaimedLane,
  reading: Exclude<Reading<Run>, { readonly type: "turn" }>,
): Promise<Release> {
  switch (reading.type) {
    case "idle":
      return { lane, cache: null, next: "done", caution: cautionAfter(lane, 0) };
    case "wait":
      return {
        lane,
        cache: null,
        next: { waitMs: reading.waitMs },
        caution: cautionAfter(lane, 0),
      };
    case "unreadable":
      return failEvent(parts, lane, reading);
    case "unreadable_state":
      return postponeTimer(parts, lane, reading.reason);
  }
}
