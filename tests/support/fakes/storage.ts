import { type FileStorage, requireKey } from "../../../src/platform/storage/storage.ts";

/** A storage in memory. */
export function createFakeStorage(): FileStorage & { readonly keys: () => readonly string[] } {
  const files = new Map<string, Blob>();
  return {
    keys: () => [...files.keys()],
    put: async (key, content) => {
      const name = requireKey(key);
      const chunks: Uint8Array<ArrayBuffer>[] = [];
      for await (const chunk of content) chunks.push(Uint8Array.from(chunk));
      files.set(name, new Blob(chunks));
    },
    get: async (key) => {
      const file = files.get(requireKey(key));
      return file === undefined ? null : { bytes: file.size, stream: () => file.stream() };
    },
    remove: async (key) => {
      files.delete(requireKey(key));
    },
  };
}
