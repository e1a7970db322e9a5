import { isInert } from "./content-type.ts";

export type Shown = {
  readonly contentType: string;
  readonly kind: string;
  /** As the sender called the file. */
  readonly name: string | null;
};

const nameLengthMax = 120;
/** Endings that fit what the bytes are; a name that ends otherwise gets one, so that it cannot pretend. */
const endings: ReadonlyMap<string, readonly [string, ...string[]]> = new Map([
  ["image/jpeg", ["jpg", "jpeg", "jfif"]],
  ["image/png", ["png"]],
  ["image/gif", ["gif"]],
  ["image/webp", ["webp"]],
  ["application/pdf", ["pdf"]],
  ["application/zip", ["zip"]],
  ["audio/mpeg", ["mp3"]],
  ["audio/mp4", ["m4a", "mp4"]],
  ["audio/x-m4a", ["m4a"]],
  ["audio/ogg", ["ogg", "oga", "opus"]],
  ["video/mp4", ["mp4", "m4v"]],
  ["video/webm", ["webm"]],
  ["video/quicktime", ["mov"]],
]);

/** The header `Content-Disposition`: only what is inert is shown, and the name says what the bytes are (RFC 6266, RFC 8187). */
export function dispositionOf({ contentType, kind, name }: Shown): string {
  const shown = isInert(contentType) ? "inline" : "attachment";
  const file = withEnding(cleanName(name) ?? kind, contentType);
  const plain = file.replaceAll(/[^\w.() -]/g, "_");
  return `${shown}; filename="${plain}"; filename*=UTF-8''${encodeRfc8187(file)}`;
}

/** The last part of a path, without what cannot be seen or turns the direction of reading; null when nothing is left of it. */
function cleanName(name: string | null): string | null {
  const [last = ""] = (name ?? "").split(/[\\/]/).slice(-1);
  const visible = last
    .toWellFormed()
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, "")
    .replace(/^[.\s]+/, "")
    .trim();
  return visible === "" ? null : [...visible].slice(-nameLengthMax).join("");
}

function withEnding(name: string, contentType: string): string {
  const fitting = endings.get(contentType);
  if (fitting === undefined) return name;
  const ending = /\.(\w+)$/.exec(name)?.[1]?.toLowerCase();
  return ending !== undefined && fitting.includes(ending) ? name : `${name}.${fitting[0]}`;
}

function encodeRfc8187(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
