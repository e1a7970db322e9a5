import { writeParkedId } from "../parking/parked-id.ts";
import type { ParkedItem } from "../parking/store.ts";
import type { Command } from "./command.ts";
import { type Desk, exitCodes } from "./desk.ts";
import { formatTable } from "./table.ts";
import { counted, instant, paint, plainLine, several } from "./terminal.ts";

const columns = [
  { title: "ID" },
  { title: "PARKED (UTC)" },
  { title: "TENANT" },
  { title: "ORIGIN" },
  { title: "ATTEMPTS", align: "right" },
  { title: "REASON" },
] as const;

/** `parked list` */
export async function listParked(
  command: Extract<Command, { readonly type: "list" }>,
  { parking, terminal }: Desk,
): Promise<number> {
  const { items, found } = await parking.list(command.filter, command.limit);
  if (command.json) {
    terminal.out(`${JSON.stringify(items.map(asJson), null, 2)}\n`);
    return exitCodes.ok;
  }
  if (items.length === 0) {
    const narrowed = Object.keys(command.filter).length > 0;
    terminal.out(narrowed ? "Nothing that is parked fits.\n" : "Nothing is parked.\n");
    return exitCodes.ok;
  }
  terminal.out(formatTable(columns, items.map(cellsOf), terminal));
  terminal.note(`\n${paint(terminal, "dim", summary(items, found))}\n`);
  return exitCodes.ok;
}

/** A parked item as programs get it; `id` is what the other commands take. */
export function asJson(item: ParkedItem) {
  return {
    id: writeParkedId(item, true),
    kind: item.kind,
    tenant: item.tenantName,
    origin: item.originName,
    conversation: item.conversation,
    attempts: item.attempts,
    reason: item.reason,
    beganAt: new Date(item.beganAt).toISOString(),
    parkedAt: new Date(item.parkedAt).toISOString(),
  };
}

function cellsOf(item: ParkedItem): readonly string[] {
  return [
    writeParkedId(item),
    instant(item.parkedAt),
    plainLine(item.tenantName),
    plainLine(item.originName),
    counted(item.attempts),
    plainLine(item.reason),
  ];
}

function summary(items: readonly ParkedItem[], found: number): string {
  if (found > items.length)
    return `The newest ${counted(items.length)} of ${counted(found)}; --limit shows more.`;
  const events = items.filter((item) => item.kind === "event").length;
  const deliveries = items.length - events;
  return `${several(events, "event")} and ${several(deliveries, "delivery", "deliveries")} parked.`;
}
