/**
 * Where files are kept, by keys of our own making. Adapters: a folder (`disk.ts`), a bucket (`s3.ts`); all pass
 * `tests/conformance/storage.ts`. Every call rejects as the disk or the bucket says.
 */
export type FileStorage = {
  /**
   * Writes a file in pieces, never whole in memory. All or nothing: when `content` or the storage fails, what stood under the key
   * before is still there; then it rejects with that failure. A key that is written twice has the later content.
   */
  readonly put: (key: string, content: AsyncIterable<Uint8Array>) => Promise<void>;
  /** Null when nothing stands there. */
  readonly get: (key: string) => Promise<StoredFile | null>;
  /** Also of what an interrupted `put` has left. Nothing there is no failure. */
  readonly remove: (key: string) => Promise<void>;
};

export type StoredFile = {
  readonly bytes: number;
  readonly stream: () => ReadableStream<Uint8Array>;
};

/** Names and slashes of our own; nothing that a file system or a bucket reads as something else. */
const keyForm = /^[a-z0-9][a-z0-9-]*(?:\/[a-z0-9][a-z0-9-]*)*$/;
const keyLengthMax = 200;

/** @throws on a key that we cannot have made. */
export function requireKey(key: string): string {
  if (keyForm.test(key) && key.length <= keyLengthMax) return key;
  throw new Error("this is no key of a stored file");
}
