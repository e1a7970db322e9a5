import type { Clock } from "../core/clock.ts";
import type { FileStorage, StoredFile } from "../platform/storage/storage.ts";
import { unknownType } from "./content-type.ts";
import { dispositionOf } from "./disposition.ts";
import type { MediaLinks, MediaName } from "./links.ts";
import type { KeptMedia, MediaStore } from "./store.ts";

export type ServeParts = {
  readonly links: MediaLinks;
  readonly store: Pick<MediaStore, "find">;
  readonly storage: FileStorage;
  readonly clock: Clock;
};

/** What an address of a file is answered with; `refused` has a stable code and a sentence for people. */
export type ServedMedia =
  | { readonly type: "file"; readonly response: Response }
  | {
      readonly type: "refused";
      readonly status: 403 | 404 | 410;
      readonly code: string;
      readonly message: string;
    };

/** Answers `GET /media/<name>`; rejects when PostgreSQL or the storage cannot be asked. */
export type ServeMedia = (request: Request, name: string) => Promise<ServedMedia>;

/**
 * Nothing that a stranger sent may act in our name: the type is that of the bytes and is not guessed again, what could run is saved and
 * not shown, and even then in a sandbox without scripts, forms or an origin.
 */
const safeHeaders = {
  "X-Content-Type-Options": "nosniff",
  "Content-Security-Policy": "default-src 'none'; sandbox",
  "Cross-Origin-Resource-Policy": "cross-origin",
  "Referrer-Policy": "no-referrer",
} as const;

/** Makes the page that serves files. */
export function createServeMedia(parts: ServeParts): ServeMedia {
  return async (request, name) => {
    const now = parts.clock.now();
    const link = parts.links.verify(name, new URL(request.url).searchParams, now);
    if (!link.ok) return link.reason === "expired" ? expired : forbidden;
    const found = await findFile(parts, link.file);
    if ("type" in found) return found;
    const response = respond(request, { ...found, leftMs: link.expiresAt - now });
    return { type: "file", response };
  };
}

type Found = { readonly kept: KeptMedia; readonly file: StoredFile };

async function findFile(
  { store, storage }: ServeParts,
  { tenant, id }: MediaName,
): Promise<Found | ServedMedia> {
  const kept = await store.find(tenant, id);
  if (kept === null) return absent;
  if (kept.storageKey === null) return kept.status === "pending" ? notYet : never;
  const file = await storage.get(kept.storageKey);
  return file === null ? absent : { kept, file };
}

type Answer = Found & { readonly leftMs: number };

function respond({ method }: Request, { kept, file, leftMs }: Answer): Response {
  const contentType = kept.contentType ?? unknownType;
  return new Response(method === "HEAD" ? null : file.stream(), {
    headers: {
      ...safeHeaders,
      "Content-Type": contentType,
      "Content-Length": String(file.bytes),
      "Content-Disposition": dispositionOf({ ...kept, contentType }),
      "Cache-Control": `private, max-age=${Math.floor(leftMs / 1_000)}, immutable`,
    },
  });
}

function refused(status: 403 | 404 | 410, code: string, message: string): ServedMedia {
  return { type: "refused", status, code, message };
}

const forbidden = refused(403, "signature_wrong", "the address is not one of ours");
const expired = refused(410, "expired", "the address was good for a while, which is over");
const absent = refused(404, "not_found", "there is no such file");
const notYet = refused(404, "not_stored_yet", "the file has not been fetched yet");
const never = refused(404, "not_stored", "the file could not be had");
