import { type ParkedName, writeParkedId } from "../parking/parked-id.ts";
import type { ParkedDetail } from "../parking/store.ts";
import type { Desk } from "./desk.ts";

/** The one piece of parked work that an id means; null, and a remark why, when there is none or more than one. */
export async function findOne(
  { parking, terminal }: Desk,
  name: ParkedName,
  raw = false,
): Promise<ParkedDetail | null> {
  const [found, ...others] = await parking.find(name, raw);
  if (found === undefined) {
    terminal.note(
      `${writeParkedId(name)} is not parked; it may have been replayed or discarded.\n`,
    );
    return null;
  }
  if (others.length === 0) return found;
  const ids = [found, ...others].map((item) => `  ${writeParkedId(item, true)}\n`);
  terminal.note(`${writeParkedId(name)} may be any of these; name one in full:\n${ids.join("")}`);
  return null;
}
