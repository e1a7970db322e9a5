import { isSupported } from "../channels/capability.ts";
import type { Channel, MediaLocation } from "../channels/channel.ts";
import { within } from "../core/deadline.ts";
import { describeError } from "../core/errors.ts";
import {
  type Download,
  type Downloader,
  DownloadBroken,
  type OpenDownload,
} from "../platform/http/download.ts";
import type { FileStorage } from "../platform/storage/storage.ts";
import type { Logger } from "../platform/telemetry/logger.ts";
import type { Origin, Origins } from "../tenants/origins.ts";
import { takeIn, TooLarge } from "./intake.ts";
import { failedNow, type MediaJob, type MediaOutcome, storageKey } from "./job.ts";

export type FetcherParts = {
  readonly origins: Pick<Origins, "byId">;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly downloader: Downloader;
  readonly storage: FileStorage;
  readonly logger: Logger;
  /** Larger files are refused. */
  readonly bytesMax: number;
};

/** Makes one attempt: asks the channel where the bytes are, and streams them from there into the storage. Never rejects. */
export type Fetcher = (job: MediaJob, stop: AbortSignal) => Promise<MediaOutcome>;

/** A channel's own call for the place, ms. */
const locateMsMax = 30_000;
/** A whole download, ms. */
const downloadMsMax = 10 * 60_000;
/** What the storage may take after that, ms. */
const storeGraceMs = 30_000;

/** Makes a fetcher. */
export function createFetcher(parts: FetcherParts): Fetcher {
  return async (job, stop) => {
    const origin = parts.origins.byId(job.origin);
    if (origin === undefined || origin.fault !== null) return failedNow("origin_unusable");
    const location = await locate(parts, origin, job.file);
    if (location.type === "failed") return failedNow(location.detail, location.retryAfterMs);
    if (location.type !== "found") return location;
    const signal = AbortSignal.any([stop, AbortSignal.timeout(downloadMsMax)]);
    const { url, headers, trusted } = location;
    const download = await parts.downloader.open({ url, headers, trusted, signal });
    const outcome = await outcomeOf(parts, job, download);
    return stop.aborted && outcome.type === "failed" ? { type: "interrupted" } : outcome;
  };
}

async function outcomeOf(
  parts: FetcherParts,
  job: MediaJob,
  download: Download,
): Promise<MediaOutcome> {
  switch (download.type) {
    case "open":
      return keep(parts, job, download);
    case "refused":
      return download;
    case "failed":
      return failedNow(download.detail);
  }
}

type Located = MediaLocation | { readonly type: "refused"; readonly detail: string };

async function locate(
  { channels, logger }: FetcherParts,
  origin: Origin,
  file: string,
): Promise<Located> {
  const channel = channels.get(origin.channel);
  if (channel === undefined || !isSupported(channel.media))
    return { type: "refused", detail: "channel_without_files" };
  try {
    return await within(channel.media.locate(file, origin.account), locateMsMax, "locating a file");
  } catch (error) {
    logger.warn("a file could not be located", { origin: origin.id, error: describeError(error) });
    return { type: "failed", detail: "not_located", retryAfterMs: null };
  }
}

/** Streams an answer into the storage, if it is one that we take. */
async function keep(
  parts: FetcherParts,
  job: MediaJob,
  download: OpenDownload,
): Promise<MediaOutcome> {
  try {
    return judgeHead(download, parts.bytesMax) ?? (await store(parts, job, download));
  } finally {
    download.close();
  }
}

const refusedEncodings = /^(?!identity$)./i;

/** What the answer's head already decides; null when its body must be seen. */
function judgeHead({ status, headers }: OpenDownload, bytesMax: number): MediaOutcome | null {
  if (status === 410) return { type: "gone", detail: "status_410" };
  if (status === 404) return { type: "missing", detail: "status_404" };
  if (status !== 200) return failedNow(`status_${status}`, retryAfterOf(headers["retry-after"]));
  if (refusedEncodings.test(headers["content-encoding"] ?? ""))
    return { type: "refused", detail: "content_encoding" };
  if (Number(headers["content-length"] ?? 0) > bytesMax)
    return { type: "refused", detail: "too_large" };
  return null;
}

function retryAfterOf(header: string | undefined): number | null {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : null;
}

async function store(
  { storage, bytesMax, logger }: FetcherParts,
  job: MediaJob,
  { body }: OpenDownload,
): Promise<MediaOutcome> {
  const key = storageKey(job, job.attempt);
  const intake = takeIn(body, bytesMax);
  try {
    await within(storage.put(key, intake.content), downloadMsMax + storeGraceMs, "storing a file");
  } catch (error) {
    const fault = intake.fault();
    if (fault instanceof TooLarge) return { type: "refused", detail: "too_large" };
    if (fault instanceof DownloadBroken) return failedNow(fault.detail);
    logger.warn("a file could not be stored", { media: job.id, error: describeError(error) });
    return failedNow("not_stored");
  }
  return { type: "stored", key, file: await intake.facts() };
}
