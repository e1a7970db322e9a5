import { retrying } from "../core/deadline.ts";
import { describeError } from "../core/errors.ts";
import { type Periodic, periodic, type Service } from "../core/service.ts";
import type { FileStorage } from "../platform/storage/storage.ts";
import type { Logger } from "../platform/telemetry/logger.ts";
import type { Metrics } from "../platform/telemetry/metrics.ts";
import type { Fetcher } from "./fetcher.ts";
import { failedNow, type MediaJob, type MediaOutcome, storageKey } from "./job.ts";
import { afterAttempt, type NextStep } from "./policy.ts";
import type { MediaStore } from "./store.ts";

/**
 * The service that works the jobs of `media`. Every process of its role takes what is due; the leases keep two from doing the same,
 * the fence of `end_media` makes it harmless when they do.
 *
 *   due ──take──▶ held (lease renewed) ──fetch──▶ ended ──▶ recorded ──▶ due again, or done
 *                   └──stop──▶ given back              └── not recorded: the lease ends, another attempt follows
 */
export type DownloadParts = {
  readonly store: MediaStore;
  readonly storage: FileStorage;
  readonly fetch: Fetcher;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, "mediaDownloads">;
  /** A file that is not had by then is given up, ms after its message. */
  readonly deadlineMs: number;
};

/** Downloads of one process at the same time. */
const slots = 8;
/** A file is seen at the latest this long after it is due, ms. */
const pollEveryMs = 500;
/** A dead worker's files are due again after this, ms. */
const leaseMs = 8_000;
const renewEveryMs = 2_000;
/** How often an end is told to PostgreSQL before the lease is left to end, and after which pause, ms. */
const recording = { tries: 5, pauseMs: 400 } as const;

/** Makes the service; `stop` ends the downloads in work and gives them back. */
export function createDownloads(parts: DownloadParts): Service {
  const held = new Map<MediaJob, Promise<void>>();
  const stopping = new AbortController();

  const start = (job: MediaJob): void => {
    const done = work(parts, job, stopping.signal).finally(() => {
      held.delete(job);
      taker.wake();
    });
    held.set(job, done);
  };

  const taker: Periodic = periodic({
    name: "media downloads",
    pauseMs: pollEveryMs,
    onError: (error) => parts.logger.debug("media downloads", { error: describeError(error) }),
    run: async () => {
      const free = slots - held.size;
      const due = free > 0 ? await parts.store.take(free, leaseMs) : [];
      for (const job of due) start(job);
      return undefined;
    },
  });

  const keeper = periodic({
    name: "media leases",
    pauseMs: renewEveryMs,
    onError: (error) => parts.logger.debug("media leases", { error: describeError(error) }),
    run: async () => {
      if (held.size > 0) await parts.store.renew([...held.keys()], leaseMs);
      return undefined;
    },
  });

  return {
    name: taker.name,
    start: async () => {
      await Promise.all([taker.start(), keeper.start()]);
    },
    stop: async () => {
      await taker.stop();
      stopping.abort();
      await Promise.all(held.values());
      await keeper.stop();
    },
  };
}

/** One attempt with its record. Never rejects: what is not recorded is found again when its lease ends. */
async function work(parts: DownloadParts, job: MediaJob, stop: AbortSignal): Promise<void> {
  const { logger, deadlineMs } = parts;
  try {
    const outcome = await parts.fetch(job, stop).catch((error: unknown) => {
      logger.error("a download failed by a fault of ours", { error: describeError(error) });
      return failedNow("fault");
    });
    const { attempt, ageMs } = job;
    const next = afterAttempt(outcome, { attempt, ageMs, deadlineMs, jitter: jitterOf(job.id) });
    const ours = await retrying(() => parts.store.end(job, outcome, next), recording);
    note(parts, job, { outcome, next });
    await tidy(parts, job, { outcome, next, ours });
  } catch (error) {
    logger.warn("a download's end could not be recorded", {
      media: job.id,
      error: describeError(error),
    });
  }
}

type Ended = { readonly outcome: MediaOutcome; readonly next: NextStep };

function note({ metrics, logger }: DownloadParts, job: MediaJob, { outcome, next }: Ended): void {
  const end = endOf(outcome, next);
  metrics.mediaDownloads.inc({ end });
  const { id: media, attempt } = job;
  const told = { media, attempt, end, reason: next.reason ?? undefined };
  const over = next.status !== "pending" && next.status !== "stored";
  if (over) logger.warn("a file of a message cannot be had", told);
  else logger.debug("download", told);
}

function endOf(outcome: MediaOutcome, { status }: NextStep): string {
  if (outcome.type === "interrupted") return "interrupted";
  return status === "pending" ? "retried" : status;
}

/** Removes what nobody will ask for: the bytes of an attempt that came too late, and what killed ones may have left. */
async function tidy(
  { storage, logger }: DownloadParts,
  job: MediaJob,
  { outcome, next, ours }: Ended & { readonly ours: boolean },
): Promise<void> {
  const late = outcome.type === "stored" && !ours ? [outcome.key] : [];
  const over = ours && next.status !== "pending" && job.cutShort > 0;
  const earlier = over
    ? Array.from({ length: job.attempt - 1 }, (_, n) => storageKey(job, n + 1))
    : [];
  try {
    for (const key of [...late, ...earlier]) await storage.remove(key);
  } catch (error) {
    logger.warn("bytes that nobody needs stay", { media: job.id, error: describeError(error) });
  }
}

/** From 0 to 1, and the same for a file at each of its attempts. */
function jitterOf(id: string): number {
  return Number.parseInt(id.slice(0, 8), 16) / 2 ** 32;
}
