import { contentTypeOf, headBytes } from "./content-type.ts";
import type { FileFacts } from "./job.ts";

/** A body on its way into the storage: counted, hashed, and looked at while it passes. */
export type Intake = {
  /** The body; throws `TooLarge` as soon as one byte too many has come. */
  readonly content: AsyncIterable<Uint8Array>;
  /** What the body's own failure was; null when it has none. */
  readonly fault: () => unknown;
  /** What it was, when it has come to its end. */
  readonly facts: () => Promise<FileFacts>;
};

/** Says that a file has more bytes than are taken. */
export class TooLarge extends Error {}

/** Takes a body in; no more than its chunk in hand and its first bytes are kept in memory. */
export function takeIn(body: AsyncIterable<Uint8Array>, bytesMax: number): Intake {
  const hash = new Bun.CryptoHasher("sha256");
  const head = new Uint8Array(headBytes);
  let bytes = 0;
  let fault: unknown = null;

  const pass = (chunk: Uint8Array): Uint8Array => {
    if (bytes + chunk.length > bytesMax) throw new TooLarge("the file is too large");
    if (bytes < headBytes) head.set(chunk.subarray(0, headBytes - bytes), bytes);
    hash.update(chunk);
    bytes += chunk.length;
    return chunk;
  };

  async function* content(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of body) yield pass(chunk);
    } catch (error) {
      fault = error;
      throw error;
    }
  }

  return {
    content: content(),
    fault: () => fault,
    facts: async () => ({
      bytes,
      sha256: hash.digest("hex"),
      contentType: await contentTypeOf(head.subarray(0, Math.min(bytes, headBytes))),
    }),
  };
}
