import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDiskStorage } from "../../src/platform/storage/disk.ts";
import { createS3Storage } from "../../src/platform/storage/s3.ts";
import { createFakeStorage } from "../support/fakes/storage.ts";
import { openTestBucket } from "../support/s3.ts";
import { storageConformance } from "./storage.ts";

storageConformance("in memory", async () => ({
  storage: createFakeStorage(),
  close: async () => undefined,
}));

storageConformance("in a folder", async () => {
  const { folder, close } = openFolder();
  return { storage: createDiskStorage(join(folder, "made", "later")), close };
});

storageConformance("in a bucket", async () => {
  const bucket = await openTestBucket();
  return { storage: createS3Storage(bucket.options), close: bucket.close };
});

function openFolder(): { readonly folder: string; readonly close: () => Promise<void> } {
  const folder = mkdtempSync(join(tmpdir(), "hookdesk-storage-"));
  return { folder, close: async () => rmSync(folder, { recursive: true, force: true }) };
}

async function* oneByte(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(1);
}

test("a folder's files are their owner's alone, and a put that failed leaves no file at all", async () => {
  const { folder, close } = openFolder();
  const storage = createDiskStorage(folder);
  await storage.put("tenant/file", oneByte());
  expect(statSync(join(folder, "tenant", "file")).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, "tenant")).mode & 0o777).toBe(0o700);
  await expect(storage.put("tenant/other", failing())).rejects.toThrow("no more");
  expect(readdirSync(join(folder, "tenant"))).toEqual(["file"]);
  await close();
});

async function* failing(): AsyncGenerator<Uint8Array> {
  yield* oneByte();
  throw new Error("no more");
}

test("removing a file also removes what a killed process has left of it", async () => {
  const { folder, close } = openFolder();
  writeFileSync(join(folder, "file.part"), "half");
  await createDiskStorage(folder).remove("file");
  expect(readdirSync(folder)).toEqual([]);
  await close();
});

test("a bucket that cannot be reached is a failure, not an absent file", async () => {
  const bucket = await openTestBucket();
  const storage = createS3Storage(bucket.options);
  await bucket.close();
  await expect(storage.get("file")).rejects.toThrow();
  await expect(storage.put("file", oneByte())).rejects.toThrow();
});
