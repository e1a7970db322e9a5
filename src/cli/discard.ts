import { writeParkedId } from "../parking/parked-id.ts";
import type { Command } from "./command.ts";
import { type Desk, exitCodes } from "./desk.ts";
import { findOne } from "./find-one.ts";

/** `parked discard`: fails when any of them was not there to discard. */
export async function discardParked(
  command: Extract<Command, { readonly type: "discard" }>,
  desk: Desk,
): Promise<number> {
  const as = { by: command.by ?? desk.operator, why: command.why };
  let discarded = 0;
  for (const name of command.names) {
    const item = await findOne(desk, name);
    if (item === null) continue;
    const verdict = await desk.parking.discard(item, as);
    const gone = verdict === "gone";
    if (!gone) discarded += 1;
    const end = gone ? "is not parked any more; somebody was faster" : `discarded by ${as.by}`;
    desk.terminal.out(`${writeParkedId(item)}  ${end}\n`);
  }
  return discarded === command.names.length ? exitCodes.ok : exitCodes.failed;
}
