import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { type FileStorage, requireKey } from "./storage.ts";

/** Files and folders are their owner's alone. */
const fileMode = 0o600;
const folderMode = 0o700;
/** What is being written has a name that no key has, because keys have no dots. */
const partEnd = ".part";

/**
 * Keeps files in a folder, which is made when the first file comes. A file appears under its name when its bytes are on the disk.
 * All processes must see the same folder.
 */
export function createDiskStorage(folder: string): FileStorage {
  const root = resolve(folder);
  const pathOf = (key: string): string => join(root, requireKey(key));
  return {
    put: async (key, content) => {
      const path = pathOf(key);
      const made = await mkdir(dirname(path), { recursive: true, mode: folderMode });
      await writeWhole(path, content);
      await syncFolders(dirname(path), made === undefined ? dirname(path) : root);
    },
    get: async (key) => {
      const path = pathOf(key);
      const bytes = await sizeOf(path);
      return bytes === null ? null : { bytes, stream: () => Bun.file(path).stream() };
    },
    remove: async (key) => {
      const path = pathOf(key);
      await Promise.all([rm(path, { force: true }), rm(`${path}${partEnd}`, { force: true })]);
    },
  };
}

async function writeWhole(path: string, content: AsyncIterable<Uint8Array>): Promise<void> {
  const part = `${path}${partEnd}`;
  const file = await open(part, "w", fileMode);
  try {
    for await (const chunk of content) await file.writeFile(chunk);
    await file.sync();
    await file.close();
    await rename(part, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(part, { force: true });
    throw error;
  }
}

/** A name is on the disk when its folder is, and a new folder when the one above it is: from `folder` up to `top`, which holds it. */
async function syncFolders(folder: string, top: string): Promise<void> {
  const file = await open(folder, "r");
  await file.sync().finally(() => file.close());
  if (folder !== top) await syncFolders(dirname(folder), top);
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : null;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}
