import { retrying } from "../core/deadline.ts";
import { describeError } from "../core/errors.ts";
import type { ClaimedLane, Release } from "../lane/lanes.ts";
import type { TextLimit } from "../message/split.ts";
import type { Origin } from "../tenants/origins.ts";
import type { Rules } from "./arrival.ts";
import { isSuspect } from "./caution.ts";
import { commitGroup } from "./commit-group.ts";
import { type DecidedTurn, decideTurn } from "./decide-turn.ts";
import {
  outageWaitMs,
  raceWaitMs,
  releaseAfter,
  releaseForgotten,
  releaseUnchanged,
} from "./endings.ts";
import { gatherFacts } from "./facts.ts";
import { readFromPostgres, readFromRedis } from "./read-group.ts";
import { createSolitude } from "./solitude.ts";
import type { AnyRun } from "./state.ts";
import type { Turn } from "./turn.ts";
import type { Delivery, WorkerParts } from "./worker-parts.ts";

/**
 * The inbound worker: claim ready lanes, read, decide, commit the group, release.
 *
 *   claim ─▶ read fast (Redis) ──────────────┐
 *     │                                      ├─▶ decide ─▶ commit ─▶ done ─────────────▶ release
 *     ├────▶ read slow (one snapshot) ───────┘               │
 *     │               ▲                                      ├─▶ stale, gone, gap ─▶ slow again, at most three times
 *     │               └──────────────────────────────────────┘
 *     └────▶ suspected of killing its holders ─▶ alone: count the attempt ─▶ slow, one event
 *
 * A worker may die, stop or lose its lease at any place: the commit is the only step that changes anything, and it refuses
 * whoever is late.
 */
export type Worker = {
  /** Works until nothing is ready or its time is over; never throws. Resolves with whether lanes may be left. */
  readonly drain: () => Promise<boolean>;
  /** Stops claiming; lanes in work are finished by the drains that hold them. */
  readonly stop: () => void;
  /** The lanes held now, for the renewal of their leases. */
  readonly held: () => readonly ClaimedLane[];
};

/** How long one wake-up works before it lets the queue breathe, ms. */
const drainMs = 2_000;
/** How often a lane that lost a race is read again before others get their turn. */
const roundsMax = 3;

/** As long as a lease lasts; afterwards the reaper has the lane. */
const releaseRetries = { tries: 12, pauseMs: 500 } as const;

/** Makes a worker; nothing runs until `drain`. */
export function createWorker<Run extends AnyRun>(parts: WorkerParts<Run>): Worker {
  const holding = new Set<ClaimedLane>();
  const solitude = createSolitude();
  let stopping = false;

  const claimAndHandle = async (): Promise<boolean> => {
    let claimed: readonly ClaimedLane[] = [];
    try {
      const suspect = await solitude.together(async () => {
        claimed = await parts.lanes.claim(`${crypto.randomUUID()}.`);
        for (const lane of claimed) holding.add(lane);
        return handleInnocent(parts, claimed);
      });
      if (suspect !== undefined) await solitude.alone(() => handleSuspect(parts, suspect));
    } finally {
      for (const lane of claimed) holding.delete(lane);
    }
    return claimed.length > 0;
  };

  const drainUntil = async (until: number): Promise<boolean> => {
    while (!stopping && parts.clock.monotonic() < until)
      if (!(await claimAndHandle())) return false;
    return !stopping;
  };

  return {
    drain: () =>
      drainUntil(parts.clock.monotonic() + drainMs).catch((error) => {
        // Redis is away: the leases bring the lanes back, or the sweeper when they are forgotten.
        parts.logger.debug("drain ended early", { error: describeError(error) });
        return false;
      }),
    stop: () => {
      stopping = true;
    },
    held: () => [...holding],
  };
}

/** Handles the lanes that are under no suspicion; returns the one suspect that is to be handled next, alone. */
async function handleInnocent<Run extends AnyRun>(
  parts: WorkerParts<Run>,
  claimed: readonly ClaimedLane[],
): Promise<ClaimedLane | undefined> {
  const [suspect, ...others] = claimed.filter(isSuspect);
  // Given back before anything can kill this process: another one may take them.
  if (others.length > 0) await parts.lanes.release(others.map(releaseUntouched));
  const innocent = claimed.filter((lane) => !isSuspect(lane));
  if (innocent.length > 0) {
    await handle(parts, innocent, (releases) => workThrough(parts, innocent, releases));
  }
  return suspect;
}

function releaseUntouched(lane: ClaimedLane): Release {
  return { lane, cache: null, next: "keep", caution: lane.caution };
}

/** Counts the attempt first: if this process dies of it, the next holder knows. */
async function handleSuspect<Run extends AnyRun>(
  parts: WorkerParts<Run>,
  lane: ClaimedLane,
): Promise<void> {
  parts.logger.warn("a lane whose holders died is handled alone", {
    conversation: lane.conversation,
    tries: lane.tries,
  });
  await handle(parts, [lane], async (releases) => {
    const counted = await parts.store.suspect(lane);
    if (counted !== "parked") return workThrough(parts, [lane], releases);
    parts.metrics.parkedEvents.inc();
    parts.logger.warn("event parked", { conversation: lane.conversation, reason: "suspected" });
    releases.push(releaseForgotten(lane, "again"));
  });
}

/** Takes claimed lanes through their work; every lane is released once, whatever happens. */
async function handle<Run extends AnyRun>(
  parts: WorkerParts<Run>,
  lanes: readonly ClaimedLane[],
  work: (releases: Release[]) => Promise<void>,
): Promise<void> {
  const releases: Release[] = [];
  try {
    await work(releases);
  } catch (error) {
    parts.logger.warn("a group of lanes could not be finished", {
      lanes: lanes.length,
      error: describeError(error),
    });
    const ended = new Set(releases.map((release) => release.lane));
    for (const lane of lanes.filter((one) => !ended.has(one))) {
      releases.push(releaseForgotten(lane, { waitMs: outageWaitMs }));
    }
  }
  // A short absence of Redis is waited out, because a lane that is not given back rests until its lease is over. The token makes a
  // repetition harmless.
  await retrying(() => parts.lanes.release(releases), releaseRetries);
}

async function workThrough<Run extends AnyRun>(
  parts: WorkerParts<Run>,
  claimed: readonly ClaimedLane[],
  releases: Release[],
): Promise<void> {
  let { fast: turns, slow } = readFromRedis(parts, claimed);
  for (let round = 0; round <= roundsMax && turns.length + slow.length > 0; round += 1) {
    const read = await readFromPostgres(parts, slow);
    releases.push(...read.releases);
    slow = await decideAndCommit(parts, [...turns, ...read.turns], releases);
    turns = [];
  }
  for (const lane of slow) releases.push(releaseForgotten(lane, { waitMs: raceWaitMs }));
}

/** One round over turns: returns the lanes that lost and must be read again. */
async function decideAndCommit<Run extends AnyRun>(
  parts: WorkerParts<Run>,
  turns: readonly Turn<Run>[],
  releases: Release[],
): Promise<readonly ClaimedLane[]> {
  const losers: ClaimedLane[] = [];
  const end = (decided: DecidedTurn<Run>, release: Release | null): void => {
    if (release === null) losers.push(decided.turn.lane);
    else releases.push(release);
  };
  const changing: DecidedTurn<Run>[] = [];
  for (const one of await decideAll(parts, turns)) {
    if (one.applied.length > 0 || one.ticked) changing.push(one);
    else end(one, await releaseUnchanged(parts, one));
  }
  if (changing.length === 0) return losers;
  for (const commit of await commitGroup(parts, changing)) {
    parts.metrics.verdicts.inc({ verdict: commit.verdict });
    if (commit.verdict === "done") announce(parts, commit.decided);
    end(commit.decided, await releaseAfter(parts, commit));
  }
  return losers;
}

async function decideAll<Run extends AnyRun>(
  parts: WorkerParts<Run>,
  turns: readonly Turn<Run>[],
): Promise<readonly DecidedTurn<Run>[]> {
  const facts = await gatherFacts(parts.store, turns);
  const begun = parts.clock.monotonic();
  const decided = turns.map((turn) => decideTurn(turn, rulesOf(parts, turn.origin), facts));
  parts.metrics.decideSeconds.observe((parts.clock.monotonic() - begun) / 1_000);
  return decided;
}

/** For an origin whose channel this process does not speak: nothing is cut short of what every platform takes. */
const textLimitUnknown: TextLimit = { max: 1_000, unit: "bytes" };

function rulesOf<Run extends AnyRun>(parts: WorkerParts<Run>, origin: Origin): Rules<Run> {
  return {
    dialog: parts.dialog,
    language: origin.language,
    enabled: origin.enabled,
    textLimit: parts.channels.get(origin.channel)?.limits.text ?? textLimitUnknown,
    sessionSilenceMs: parts.settings.sessionSilenceMs,
    dialogSilenceMs: parts.settings.dialogSilenceMs,
  };
}

/** Tells the outbox and the metrics what was committed. */
function announce<Run extends AnyRun>(parts: WorkerParts<Run>, decided: DecidedTurn<Run>): void {
  const { turn, effects, applied } = decided;
  const count = effects.filter((effect) => effect.type === "reply").length;
  const delivery: Delivery = {
    origin: turn.origin,
    conversation: turn.lane.conversation,
    identity: decided.state.identity,
    count,
  };
  if (count > 0) parts.deliver([delivery]);
  parts.metrics.applied.inc(applied.length);
  for (const arrival of applied) {
    parts.metrics.laneLagSeconds.observe(Math.max(0, parts.clock.now() - arrival.at) / 1_000);
    parts.logger.debug("event applied", {
      event: arrival.id,
      conversation: delivery.conversation,
      version: turn.version + 1,
    });
  }
}
