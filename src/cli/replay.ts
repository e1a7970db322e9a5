import { writeParkedId } from "../parking/parked-id.ts";
import type { Replayed } from "../parking/parking.ts";
import type { ParkedItem, ReplayVerdict } from "../parking/store.ts";
import type { Command } from "./command.ts";
import { type Desk, exitCodes } from "./desk.ts";
import { findOne } from "./find-one.ts";
import { counted, paint, several, type Terminal } from "./terminal.ts";

/** `--all` takes at most so many at once; it says so when there are more. */
const replayedAtOnceMax = 10_000;

/** `parked replay <id>…`: fails when any of them was not replayed and not sent. */
export async function replayNamed(
  command: Extract<Command, { readonly type: "replay" }>,
  desk: Desk,
): Promise<number> {
  const items: ParkedItem[] = [];
  for (const name of command.names) {
    const item = await findOne(desk, name);
    if (item !== null) items.push(item);
  }
  const replayed = await desk.parking.replay(items, command.by ?? desk.operator);
  for (const { item, verdict } of replayed.ends)
    desk.terminal.out(`${writeParkedId(item)}  ${sentences[verdict]}\n`);
  remarkOnWaking(replayed, desk.terminal);
  const all = replayed.ends.length === command.names.length;
  return all && replayed.ends.every(({ verdict }) => isOver(verdict))
    ? exitCodes.ok
    : exitCodes.failed;
}

/** `parked replay --all` */
export async function replayAll(
  command: Extract<Command, { readonly type: "replay all" }>,
  desk: Desk,
): Promise<number> {
  const { terminal } = desk;
  const { items, found } = await desk.parking.list(command.filter, replayedAtOnceMax);
  const replayed = await desk.parking.replay(items, command.by ?? desk.operator);
  terminal.out(summary(replayed));
  remarkOnWaking(replayed, terminal);
  if (found > items.length)
    terminal.note(`${counted(found - items.length)} more are parked; run it again for them.\n`);
  return exitCodes.ok;
}

const sentences: Readonly<Record<ReplayVerdict, string>> = {
  replayed: "replayed",
  gone: "is not parked any more; somebody was faster",
  sent: "had arrived after all; it is not parked any more and was not sent again",
  superseded: "stays parked: a person took over the conversation after the bot wrote it",
};

function isOver(verdict: ReplayVerdict): boolean {
  return verdict === "replayed" || verdict === "sent";
}

function summary({ ends }: Replayed): string {
  if (ends.length === 0) return "Nothing that is parked fits.\n";
  const count = (verdict: ReplayVerdict, kind?: ParkedItem["kind"]): number =>
    ends.filter((end) => end.verdict === verdict && (kind ?? end.item.kind) === end.item.kind)
      .length;
  const events = several(count("replayed", "event"), "event");
  const deliveries = several(count("replayed", "delivery"), "delivery", "deliveries");
  const others = (["sent", "superseded", "gone"] as const)
    .filter((verdict) => count(verdict) > 0)
    .map((verdict) => `  ${counted(count(verdict))} ${sentences[verdict]}\n`);
  return `Replayed ${events} and ${deliveries}.\n${others.join("")}`;
}

function remarkOnWaking({ woken }: Replayed, terminal: Terminal): void {
  if (woken) return;
  const remark = "Redis did not answer; the work is found within seconds of its return.";
  terminal.note(`${paint(terminal, "yellow", remark)}\n`);
}
