import { systemClock } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import { type Periodic, periodic } from "../core/service.ts";
import type { Lanes } from "../lane/lanes.ts";
import type { TicketQueue } from "../platform/queue/tickets.ts";
import type { MarkedRedis } from "../platform/redis/redis.ts";
import type { Logger } from "../platform/telemetry/logger.ts";
import type { ConversationStore, StrandedLane } from "./store.ts";
import type { Worker } from "./worker.ts";

/**
 * The services that find what was forgotten: the reaper (a dead worker's lanes), the sweeper (events whose wake-up was lost)
 * and the timers (deadlines). None of them decides anything; they only wake lanes.
 */

type Woken = { readonly lanes: Lanes; readonly tickets: TicketQueue; readonly logger: Logger };

/** Lanes whose wait or lease is over are seen at the latest this long after it, ms; leases are renewed as often. */
const reapEveryMs = 200;

/** Runs in every worker: renews the leases of its lanes and puts overdue lanes back. */
export function createReaper(parts: Woken & { readonly worker: Worker }): Periodic {
  return periodic({
    name: "lane reaper",
    pauseMs: reapEveryMs,
    onError: (error) => parts.logger.debug("reaper", { error: describeError(error) }),
    run: async () => {
      const held = parts.worker.held();
      if (held.length > 0) await parts.lanes.renew(held);
      if ((await parts.lanes.reap()) > 0) parts.tickets.post();
      return undefined;
    },
  });
}

/** An event that is older than this and still open may have lost its wake-up, ms. */
const strandedAgeMs = 3_000;
const sweepPauseMs = 1_000;
const sweepPageMax = 5_000;
/** The sweeper rests at least this many times as long as it worked, so that a backlog is not slowed down by being looked at. */
const sweepRestFactor = 9;
/** Lanes per wake script, so that Redis is never busy with one for long. */
const wokenPerCallMax = 500;

export type SweeperParts = Woken & {
  readonly store: ConversationStore;
  readonly leads: () => Promise<boolean>;
  readonly redis: MarkedRedis;
  /** The shard's key prefix, under which the mark of a known Redis is kept. */
  readonly prefix: string;
};

/**
 * Compares the open events with the lanes. A Redis that does not know the last walk (emptied, or started again) is filled at
 * once and without regard to age.
 */
export function createSweeper(parts: SweeperParts): Periodic {
  const mark = `${parts.prefix}alive`;
  return periodic({
    name: "lane sweeper",
    pauseMs: sweepPauseMs,
    onError: (error) => parts.logger.debug("sweeper", { error: describeError(error) }),
    run: async () => {
      const runId = parts.redis.runId();
      if (runId === null || !(await parts.leads())) return undefined;
      const known = (await parts.redis.raw.get(mark)) === runId;
      const begun = systemClock.monotonic();
      const woken = await walk(parts, known ? strandedAgeMs : 0);
      if (!known) {
        await parts.redis.raw.set(mark, runId);
        parts.logger.info("redis was empty or new: open work was posted again", { lanes: woken });
      }
      return Math.max(sweepPauseMs, (systemClock.monotonic() - begun) * sweepRestFactor);
    },
  });
}

async function walk(parts: SweeperParts, ageMs: number): Promise<number> {
  let after = "0";
  let woken = 0;
  for (;;) {
    const page = await parts.store.stranded({ after, ageMs, limit: sweepPageMax });
    woken += await wakeAll(parts, page);
    const last = page.at(-1);
    if (last === undefined || page.length < sweepPageMax) return woken;
    after = last.id;
  }
}

async function wakeAll(parts: Woken, page: readonly StrandedLane[]): Promise<number> {
  const due = new Map(
    page.filter((lane) => (lane.waitMs ?? 0) <= 0).map((lane) => [lane.conversation, lane]),
  );
  const lanes = [...due.values()];
  let woken = 0;
  for (let at = 0; at < lanes.length; at += wokenPerCallMax) {
    woken += await parts.lanes.wake(lanes.slice(at, at + wokenPerCallMax));
    if (woken > 0) parts.tickets.post();
  }
  return woken;
}

/** A deadline is seen at the latest this long after it, ms. */
const timersEveryMs = 250;
const timersPerPageMax = 500;
/** Deadlines stay due until their lane is done with them, so those behind lanes that wait must be looked at too. */
const timerPagesMax = 20;

/** Wakes the conversations whose deadline may be due; the worker looks at the state and does what really is. */
export function createTimers(
  parts: Woken & { readonly store: ConversationStore; readonly leads: () => Promise<boolean> },
): Periodic {
  return periodic({
    name: "timers",
    pauseMs: timersEveryMs,
    onError: (error) => parts.logger.debug("timers", { error: describeError(error) }),
    run: async () => {
      if (!(await parts.leads())) return undefined;
      await wakeDue(parts);
      return undefined;
    },
  });
}

async function wakeDue(parts: Woken & { readonly store: ConversationStore }): Promise<void> {
  for (let page = 0; page < timerPagesMax; page += 1) {
    const offset = page * timersPerPageMax;
    const due = await parts.store.dueTimers({ limit: timersPerPageMax, offset });
    if (due.length > 0 && (await parts.lanes.wake(due)) > 0) parts.tickets.post();
    if (due.length < timersPerPageMax) return;
  }
}
