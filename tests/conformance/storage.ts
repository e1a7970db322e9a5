import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { FileStorage } from "../../src/platform/storage/storage.ts";

/** A storage that is empty, and how to leave it. */
export type StorageHarness = {
  readonly storage: FileStorage;
  readonly close: () => Promise<void>;
};

const mib = 1_048_576;
/** Larger than one part of an upload to S3. */
const largeParts = 7;

async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function* large(parts: number): AsyncGenerator<Uint8Array> {
  for (let n = 0; n < parts; n += 1) yield new Uint8Array(mib).fill(n);
}

class SourceDied extends Error {}

async function* dying(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* content;
  throw new SourceDied("the source died");
}

/** What every storage promises. */
export function storageConformance(name: string, open: () => Promise<StorageHarness>): void {
  describe(`a storage ${name}`, () => {
    let harness: StorageHarness;
    beforeEach(async () => {
      harness = await open();
    });
    afterEach(() => harness.close());

    const textOf = async (key: string): Promise<string | null> => {
      const found = await harness.storage.get(key);
      return found === null ? null : new Response(found.stream()).text();
    };

    test("gives back what it was given, and its size", async () => {
      await harness.storage.put("1/ab/file-1", pieces("hello ", "", "world"));
      expect(await textOf("1/ab/file-1")).toBe("hello world");
      expect((await harness.storage.get("1/ab/file-1"))?.bytes).toBe(11);
    });

    test("keeps a file of no bytes", async () => {
      await harness.storage.put("empty", pieces());
      expect((await harness.storage.get("empty"))?.bytes).toBe(0);
      expect(await textOf("empty")).toBe("");
    });

    test("keeps a file that is larger than one part, byte for byte", async () => {
      await harness.storage.put("large", large(largeParts));
      const found = await harness.storage.get("large");
      const stream = found?.stream() ?? new ReadableStream<Uint8Array>();
      const [seen, sent] = [new Bun.CryptoHasher("sha256"), new Bun.CryptoHasher("sha256")];
      for await (const chunk of stream) seen.update(chunk);
      for await (const chunk of large(largeParts)) sent.update(chunk);
      expect(found?.bytes).toBe(largeParts * mib);
      expect(seen.digest("hex")).toBe(sent.digest("hex"));
    });

    test("has nothing where nothing was put, and removing it is no failure", async () => {
      expect(await harness.storage.get("nothing")).toBeNull();
      await harness.storage.remove("nothing");
    });

    test("forgets what is removed", async () => {
      await harness.storage.put("gone", pieces("x"));
      await harness.storage.remove("gone");
      expect(await harness.storage.get("gone")).toBeNull();
    });

    test.each([1, largeParts])(
      "shows nothing of a file of %d MiB whose source dies, and fails as the source did",
      async (parts) => {
        const put = harness.storage.put("partial", dying(large(parts)));
        await expect(put).rejects.toBeInstanceOf(SourceDied);
        expect(await harness.storage.get("partial")).toBeNull();
      },
    );

    test("leaves what stood there before when a later source dies", async () => {
      await harness.storage.put("kept", pieces("first"));
      await expect(harness.storage.put("kept", dying(pieces("second")))).rejects.toThrow();
      expect(await textOf("kept")).toBe("first");
      await harness.storage.put("kept", pieces("third"));
      expect(await textOf("kept")).toBe("third");
    });

    test.each([
      "",
      "../up",
      "/root",
      "a//b",
      "a/../b",
      "A",
      "a.b",
      "a b",
      "a\\b",
      "a\0",
      "a/",
      "ä",
    ])("refuses the key %p, which is none of ours", async (key) => {
      await expect(harness.storage.put(key, pieces("x"))).rejects.toThrow("no key");
      await expect(harness.storage.get(key)).rejects.toThrow("no key");
      await expect(harness.storage.remove(key)).rejects.toThrow("no key");
    });
  });
}
