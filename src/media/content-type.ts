import { fileTypeFromBuffer } from "file-type";

/** What `contentTypeOf` wants to see of a file, bytes from its beginning. */
export const headBytes = 4_100;
/** Bytes that tell nothing about themselves: text, markup and scripts among them. */
export const unknownType = "application/octet-stream";

/** The type of a file by its first bytes, without parameters; what the platform says about it is not asked. Never rejects. */
export async function contentTypeOf(head: Uint8Array): Promise<string> {
  const found = await fileTypeFromBuffer(head).catch(() => undefined);
  const [type = unknownType] = (found?.mime ?? unknownType).split(";");
  return type.trim();
}

/**
 * What a browser may show by itself: pictures, sound and films that hold no scripts and load nothing. Everything else is saved, not
 * shown, whatever it is.
 */
const inertTypes: ReadonlySet<string> = new Set([
  "image/jpeg",
  "image/png",
  "image/gif",
  "image/webp",
  "image/avif",
  "image/bmp",
  "audio/mpeg",
  "audio/mp4",
  "audio/x-m4a",
  "audio/aac",
  "audio/ogg",
  "audio/amr",
  "audio/wav",
  "audio/vnd.wave",
  "audio/webm",
  "video/mp4",
  "video/webm",
  "video/ogg",
  "video/quicktime",
  "video/3gpp",
]);

/** Whether a type of ours may be shown in a page. */
export function isInert(type: string): boolean {
  return inertTypes.has(type);
}
