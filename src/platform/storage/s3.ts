import { S3Client } from "bun";
import { type FileStorage, requireKey } from "./storage.ts";

export type S3Options = {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
};

/**
 * Keeps files in a bucket of S3 or of what speaks like it. Large files go up in parts, which the bucket joins at the end; parts of an
 * upload whose process was killed stay until the bucket's own rule for incomplete uploads removes them. Bun adds the environment's
 * AWS_SESSION_TOKEN to every call, whatever it is told.
 */
export function createS3Storage(options: S3Options): FileStorage {
  const client = new S3Client({ ...options });
  return {
    put: async (key, content) => {
      // A Response, because Bun drops the upload when its body fails; its own writer would complete what has come so far.
      await client.write(requireKey(key), new Response(streamOf(content)));
    },
    get: async (key) => {
      const bytes = await sizeOf(client, requireKey(key));
      return bytes === null ? null : { bytes, stream: () => client.file(key).stream() };
    },
    remove: async (key) => {
      await client.delete(requireKey(key)).catch(absent);
    },
  };
}

function streamOf(content: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const chunks = content[Symbol.asyncIterator]();
  return new ReadableStream({
    pull: async (controller) => {
      const next = await chunks.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    cancel: async () => {
      await chunks.return?.();
    },
  });
}

async function sizeOf(client: S3Client, key: string): Promise<number | null> {
  try {
    return (await client.stat(key)).size;
  } catch (error) {
    return absent(error);
  }
}

function absent(error: unknown): null {
  if (error instanceof Error && "code" in error && error.code === "NoSuchKey") return null;
  throw error;
}
