import type { Channel } from "../channels/channel.ts";
import { systemClock } from "../core/clock.ts";
import type { Service } from "../core/service.ts";
import { refusal } from "../ingress/refusal.ts";
import { createDownloads } from "../media/downloads.ts";
import { createFetcher } from "../media/fetcher.ts";
import { createMediaLinks } from "../media/links.ts";
import { createOutgoingFiles } from "../media/outgoing.ts";
import { createServeMedia, type ServeMedia } from "../media/serve.ts";
import { createMediaStore } from "../media/store.ts";
import { createDownloader } from "../platform/http/download.ts";
import { createDiskStorage } from "../platform/storage/disk.ts";
import { createS3Storage } from "../platform/storage/s3.ts";
import type { FileStorage } from "../platform/storage/storage.ts";
import type { Origins } from "../tenants/origins.ts";
import type { AddressOf } from "../outbox/file-address.ts";
import type { Foundation } from "./foundation.ts";
import type { MediaConfig } from "./media-config.ts";
import type { AppStores } from "./stores.ts";

/** Files of messages: fetched, kept, served. */
export type Media = {
  readonly serve: (request: Request, name: string) => Promise<Response>;
  /** From where a platform fetches a file that we send it. */
  readonly fileAddress: AddressOf;
  /** What a process runs that fetches. */
  readonly services: readonly Service[];
};

/** A file that is not had a day after its message is given up, ms. */
const deadlineMs = 24 * 60 * 60_000;

/** Builds what has to do with files; nothing is fetched until its services start. */
export function createMedia(
  { config, logger, metrics }: Foundation,
  stores: Pick<AppStores, "work">,
  parts: { readonly channels: ReadonlyMap<string, Channel>; readonly origins: Origins },
): Media {
  const { bytesMax, allowAddresses } = config.media;
  const storage = createStorage(config.media);
  const store = createMediaStore(stores.work);
  const links = createMediaLinks(config.secretKeys);
  const outgoing = createOutgoingFiles({ links, publicUrl: config.publicUrl, clock: systemClock });
  const downloader = createDownloader({ allowAddresses });
  const fetch = createFetcher({ ...parts, downloader, storage, logger, bytesMax });
  return {
    serve: answers(createServeMedia({ links, store, storage, clock: systemClock })),
    fileAddress: outgoing.addressOf,
    services: [createDownloads({ store, storage, fetch, logger, metrics, deadlineMs })],
  };
}

function createStorage({ storage }: MediaConfig): FileStorage {
  return storage.type === "s3"
    ? createS3Storage(storage.bucket)
    : createDiskStorage(storage.folder);
}

function answers(serve: ServeMedia): Media["serve"] {
  return async (request, name) => {
    const served = await serve(request, name).catch(() => null);
    if (served === null) return refusal(503, "not_readable", "the file cannot be read now");
    if (served.type === "file") return served.response;
    return refusal(served.status, served.code, served.message);
  };
}
