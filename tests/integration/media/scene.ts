import type { Channel, MediaLocation } from "../../../src/channels/channel.ts";
import type { Service } from "../../../src/core/service.ts";
import { createDownloads } from "../../../src/media/downloads.ts";
import { createFetcher } from "../../../src/media/fetcher.ts";
import { createMediaStore } from "../../../src/media/store.ts";
import type { FilePart } from "../../../src/message/message.ts";
import { createDownloader } from "../../../src/platform/http/download.ts";
import type { FileStorage } from "../../../src/platform/storage/storage.ts";
import { createLogger } from "../../../src/platform/telemetry/logger.ts";
import { eventually } from "../../support/eventually.ts";
import { createFakeStorage } from "../../support/fakes/storage.ts";
import {
  clientMessage,
  openWorkbench,
  plainChannel,
  type Workbench,
} from "../../support/workbench.ts";

/** Messages with files, and downloads of them, on the tests' PostgreSQL; the channel's files are addresses. */
export type MediaScene = {
  readonly bench: Workbench;
  readonly storage: ReturnType<typeof createFakeStorage>;
  /** A client's message with these files is applied. */
  readonly sayWith: (client: string, files: readonly string[]) => Promise<void>;
  readonly newDownloads: (changes?: Partial<SceneChanges>) => Service;
  /** What became of a file, once it is not `pending` any more. */
  readonly ended: (file: string) => Promise<MediaRow>;
  readonly rows: () => Promise<readonly MediaRow[]>;
  /** Makes waits and leases be over. */
  readonly passTime: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export type SceneChanges = {
  readonly locate: (file: string) => Promise<MediaLocation>;
  readonly storage: FileStorage;
  readonly bytesMax: number;
  readonly deadlineMs: number;
};

export type MediaRow = {
  readonly tenant_id: number;
  readonly media_id: string;
  readonly file: string;
  readonly status: string;
  readonly reason: string | null;
  readonly attempts: number;
  readonly part: number;
  readonly content_type: string | null;
  readonly bytes: string | null;
  readonly sha256: string | null;
  readonly storage_key: string | null;
};

const columns =
  "tenant_id, media_id, file, status, reason, attempts, part, content_type, bytes, sha256, storage_key";
const logger = createLogger("silent", "test");

/** Where the loopback counts as outside, so that servers of a test can be strangers. */
const publicLoopback = ["127.0.0.1"];

export function filePart(file: string): FilePart {
  return { type: "image", file, name: "door.jpg", mimeType: "image/jpeg", bytes: 3 };
}

export async function openMediaScene(): Promise<MediaScene> {
  const bench = await openWorkbench();
  const storage = createFakeStorage();
  const services: Service[] = [];
  const rows = () =>
    bench.database.rows<MediaRow>(`SELECT ${columns} FROM media ORDER BY created_at, part`);
  return {
    bench,
    storage,
    rows,
    sayWith: async (client, files) => {
      const key = crypto.randomUUID();
      const content = { text: "look", parts: files.map(filePart) };
      const event = { ...clientMessage(key, ""), content };
      await bench.post(await bench.storeWebhook([{ key, client, event }]));
      await bench.worker.drain();
    },
    newDownloads: (changes = {}) => {
      const made = downloadsOf(bench, { storage, ...changes });
      services.push(made);
      return made;
    },
    ended: (file) =>
      eventually(`the end of ${new URL(file).pathname}`, async () =>
        (await rows()).find((row) => row.file === file && row.status !== "pending"),
      ),
    passTime: async () => {
      await bench.database.rows("UPDATE media SET next_at = now() WHERE status = 'pending'");
    },
    close: async () => {
      await Promise.all(services.map((service) => service.stop()));
      await bench.close();
    },
  };
}

function downloadsOf(
  bench: Workbench,
  given: Partial<SceneChanges> & { readonly storage: FileStorage },
): Service {
  const { storage, locate = anywhere, bytesMax = 1_000_000, deadlineMs = 86_400_000 } = given;
  const channel: Channel = { ...plainChannel, media: { locate } };
  const downloader = createDownloader({
    allowAddresses: publicLoopback,
    headMsMax: 500,
    silenceMsMax: 500,
  });
  const { origins, metrics } = bench;
  const channels = new Map([["plain", channel]]);
  return createDownloads({
    store: createMediaStore(bench.pipeline),
    storage,
    fetch: createFetcher({ origins, channels, downloader, storage, logger, bytesMax }),
    logger,
    metrics,
    deadlineMs,
  });
}

async function anywhere(url: string): Promise<MediaLocation> {
  return { type: "found", url, headers: {}, trusted: false };
}
