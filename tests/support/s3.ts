import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import S3rver from "s3rver";
import { pause } from "../../src/core/deadline.ts";
import type { S3Options } from "../../src/platform/storage/s3.ts";
import { eventually } from "./eventually.ts";

/** A bucket of a test's own, on a server that speaks S3. */
export type TestBucket = { readonly options: S3Options; readonly close: () => Promise<void> };

/** The server knows one account. */
const account = "S3RVER";
/** By then a request that was cut off has written what it writes, ms. */
const settleMs = 20;

/** Removes a folder; false when it was made again within a moment. */
async function isRemoved(folder: string): Promise<boolean> {
  rmSync(folder, { recursive: true, force: true });
  await pause(settleMs);
  return !existsSync(folder);
}

/** Starts the server with one empty bucket. */
export async function openTestBucket(): Promise<TestBucket> {
  const folder = mkdtempSync(join(tmpdir(), "hookdesk-bucket-"));
  const server = new S3rver({
    address: "127.0.0.1",
    port: 0,
    silent: true,
    directory: folder,
    configureBuckets: [{ name: "media", configs: [] }],
  });
  const { port } = await server.run();
  return {
    options: {
      endpoint: `http://127.0.0.1:${port}`,
      region: "us-east-1",
      bucket: "media",
      accessKeyId: account,
      secretAccessKey: account,
    },
    close: async () => {
      // An upload that was dropped leaves its connection open.
      server.httpServer.closeAllConnections();
      await server.close();
      // A request that was cut off may make its folders again.
      await eventually("the bucket's folder stays removed", () => isRemoved(folder));
    },
  };
}
