import { writeParkedId } from "../parking/parked-id.ts";
import type { HistoryEntry, ParkedDetail } from "../parking/store.ts";
import type { Command } from "./command.ts";
import { type Desk, exitCodes } from "./desk.ts";
import { findOne } from "./find-one.ts";
import { asJson } from "./list.ts";
import { formatPairs, formatTable } from "./table.ts";
import { instant, paint, plainLine, plainText, several, type Terminal } from "./terminal.ts";

const columns = [
  { title: "ATTEMPT", align: "right" },
  { title: "AT (UTC)" },
  { title: "WHAT HAPPENED" },
] as const;

/** `parked show` */
export async function showParked(
  command: Extract<Command, { readonly type: "show" }>,
  desk: Desk,
): Promise<number> {
  const { terminal } = desk;
  const item = await findOne(desk, command.name, command.raw);
  if (item === null) return exitCodes.failed;
  if (command.json) {
    warnOfRaw(item, terminal);
    terminal.out(`${JSON.stringify(detailAsJson(item), null, 2)}\n`);
    return exitCodes.ok;
  }
  // A program that asks for the bytes gets them and nothing else.
  if (item.raw !== null && terminal.width === null) {
    warnOfRaw(item, terminal);
    terminal.out(item.raw);
    return exitCodes.ok;
  }
  terminal.out(describe(item, terminal));
  warnOfRaw(item, terminal);
  if (item.raw !== null) terminal.out(`\n${plainText(new TextDecoder().decode(item.raw))}\n`);
  return exitCodes.ok;
}

function warnOfRaw(item: ParkedDetail, terminal: Terminal): void {
  if (item.raw !== null) terminal.note(`\n${paint(terminal, "yellow", rawWarning)}\n`);
}

const rawWarning =
  "This is customer data: what people wrote, their names and numbers. Do not put it into tickets or chats.";

function detailAsJson(item: ParkedDetail) {
  const raw = item.raw === null ? {} : { item: item.item, raw: new TextDecoder().decode(item.raw) };
  const history = item.history.map((entry) => ({ ...entry, at: new Date(entry.at).toISOString() }));
  return { ...asJson(item), history, ...raw };
}

function describe(item: ParkedDetail, terminal: Terminal): string {
  const event = item.kind === "event";
  const title = `${event ? "Event" : "Delivery"} ${writeParkedId(item)}`;
  const pairs: readonly (readonly [string, string])[] = [
    ["tenant", plainLine(item.tenantName)],
    ["origin", plainLine(item.originName)],
    ["conversation", item.conversation],
    [event ? "received" : "written", `${instant(item.beganAt)} UTC`],
    ["parked", `${instant(item.parkedAt)} UTC, after ${several(item.attempts, "attempt")}`],
    ["reason", plainLine(item.reason)],
  ];
  const history = formatTable(columns, item.history.map(historyCells), terminal);
  const parts = [
    `${paint(terminal, "bold", title)}\n\n${formatPairs(pairs, terminal)}`,
    ...(item.history.length === 0 ? [] : [history]),
    ...(mayHaveArrived(item) ? [`${paint(terminal, "yellow", arrivedWarning)}\n`] : []),
  ];
  return parts.join("\n");
}

const arrivedWarning =
  "An attempt got no answer, so the customer may have the message: a replay may be a second copy.";

function mayHaveArrived(item: ParkedDetail): boolean {
  return item.history.some((entry) => entry.outcome === "unknown");
}

function historyCells(entry: HistoryEntry): readonly string[] {
  return [entry.n === undefined ? "" : String(entry.n), instant(entry.at), whatHappened(entry)];
}

function whatHappened(entry: HistoryEntry): string {
  if (entry.replayed_by !== undefined) return plainLine(`replayed by ${entry.replayed_by}`);
  if (entry.reason !== undefined) return plainLine(entry.reason);
  const status = entry.status == null ? "" : `HTTP ${entry.status}`;
  return [entry.outcome ?? "", status, plainLine(entry.detail ?? "")].filter(Boolean).join(", ");
}
