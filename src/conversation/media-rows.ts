import type { Content } from "../message/message.ts";

/** A message by its place, or by the platform's id where its place is not known yet. */
type Of = { readonly q: number } | { readonly message: string };
type MediaRow = Readonly<Record<string, unknown>> & { readonly k: "media" };

/** The files of a message, as jobs: the rows of `add_media`. */
export function mediaRows(content: Content, of: Of): readonly MediaRow[] {
  return content.parts.flatMap((part, place) => {
    if (!("file" in part)) return [];
    const { file, type, name } = part;
    return [{ k: "media" as const, ...of, part: place, file, kind: type, name }];
  });
}
