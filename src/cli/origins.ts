import type { Credentials } from "../channels/account.ts";
import type { OriginFilter, OriginLine } from "../tenants/registry.ts";
import type { Command } from "./command.ts";
import { type Desk, exitCodes } from "./desk.ts";
import { formatPairs, formatTable } from "./table.ts";
import { counted, paint, plainLine, several } from "./terminal.ts";

type Of<Type extends Command["type"]> = Extract<Command, { readonly type: Type }>;

const columns = [
  { title: "TENANT" },
  { title: "ORIGIN" },
  { title: "ON" },
  { title: "LIMIT" },
  { title: "STATE" },
  { title: "WEBHOOK" },
] as const;

/** `origins list` */
export async function listOrigins(command: Of<"origins list">, desk: Desk): Promise<number> {
  const { terminal } = desk;
  const lines = await desk.registry.list(command.filter);
  if (command.json) {
    terminal.out(`${JSON.stringify(lines, null, 2)}\n`);
    return exitCodes.ok;
  }
  if (lines.length === 0) {
    terminal.out("There is no such origin.\n");
    return exitCodes.ok;
  }
  terminal.out(formatTable(columns, lines.map(cellsOf), terminal));
  for (const { channel, key, fault } of lines)
    if (fault !== null) terminal.note(`${paint(terminal, "red", `${channel}/${key}: ${fault}`)}\n`);
  return exitCodes.ok;
}

function cellsOf(line: OriginLine): readonly string[] {
  return [
    plainLine(line.tenantName),
    `${line.channel}/${line.key}`,
    line.enabled ? "yes" : "no",
    `${counted(line.rate.count)}/${line.rate.windowMs / 1_000}s`,
    line.fault === null ? (line.state ?? "unchecked") : "unusable",
    line.webhook,
  ];
}

/** `origins add`: fails when anything is missing or the platform does not take our address. */
export async function addOrigin(command: Of<"origins add">, desk: Desk): Promise<number> {
  const { terminal } = desk;
  const credentials = await readFields(command.fields, desk);
  const added = await desk.registry.add({ ...command.wish, credentials });
  if (!added.ok) {
    for (const fault of added.faults) terminal.note(`${fault}\n`);
    return exitCodes.badUse;
  }
  const { origin, connection } = added;
  terminal.out(`${origin.channel}/${origin.key} was added to ${origin.tenantName}.\n`);
  terminal.out(
    formatPairs(
      [
        ["webhook", origin.webhook],
        ["state", connection.state],
      ],
      terminal,
    ),
  );
  for (const note of connection.notes) terminal.out(`${note}\n`);
  const fine = connection.state === "connected" || connection.state === "unchecked";
  return fine ? exitCodes.ok : exitCodes.failed;
}

/** `origins check`: fails when any of them is not connected. */
export async function checkOrigins(command: Of<"origins check">, desk: Desk): Promise<number> {
  const lines = await desk.registry.list(command.filter);
  if (lines.length === 0) return nothingFits(desk);
  let broken = 0;
  for (const line of lines) {
    const { state, notes } = await desk.registry.check(line);
    const fine = state === "connected" || state === "unchecked";
    if (!fine) broken += 1;
    const shown = paint(desk.terminal, fine ? "green" : "red", state);
    desk.terminal.out(`${line.channel}/${line.key}  ${shown}  ${notes.join(" ")}\n`);
  }
  return broken === 0 ? exitCodes.ok : exitCodes.failed;
}

/** `origins enable`, `origins disable` */
export async function switchOrigin(command: Of<"origins switch">, desk: Desk): Promise<number> {
  const line = await theOne(command.filter, desk);
  if (line === null) return exitCodes.failed;
  const shown = await desk.registry.setEnabled(line, command.enabled);
  const name = `${line.channel}/${line.key}`;
  desk.terminal.out(
    command.enabled
      ? `${name} is enabled; ${several(shown, "message")} that came meanwhile ${shown === 1 ? "is" : "are"} shown now.\n`
      : `${name} is disabled: what arrives is stored and shadowed, and nothing is sent.\n`,
  );
  return exitCodes.ok;
}

/** `origins rotate`: with an origin and fields it changes them, else it seals everything with the current key. */
export async function rotateOrigins(command: Of<"origins rotate">, desk: Desk): Promise<number> {
  if (command.filter === null) return sealAgain(desk);
  const line = await theOne(command.filter, desk);
  if (line === null) return exitCodes.failed;
  const faults = await desk.registry.change(line, await readFields(command.fields, desk));
  for (const fault of faults) desk.terminal.note(`${fault}\n`);
  if (faults.length > 0) return exitCodes.failed;
  desk.terminal.out(`${line.channel}/${line.key} has other credentials now.\n`);
  const { state, notes } = await desk.registry.check(line);
  desk.terminal.out(`It is ${state}. ${notes.join(" ")}\n`);
  return exitCodes.ok;
}

async function sealAgain(desk: Desk): Promise<number> {
  const { sealed, unreadable } = await desk.registry.rotate();
  desk.terminal.out(`${several(sealed, "origin")} sealed with the current key.\n`);
  for (const { channel, key, fault } of unreadable)
    desk.terminal.note(`${channel}/${key} could not be read: ${fault ?? "another key"}\n`);
  return unreadable.length === 0 ? exitCodes.ok : exitCodes.failed;
}

/** The one origin that is meant; null, and a remark why, when there is none or more than one. */
async function theOne(filter: OriginFilter, desk: Desk): Promise<OriginLine | null> {
  const [found, ...others] = await desk.registry.list(filter);
  if (found !== undefined && others.length === 0) return found;
  const names = [found, ...others].flatMap((line) =>
    line === undefined ? [] : [`  ${line.channel}/${line.key} (${line.id})\n`],
  );
  desk.terminal.note(
    found === undefined
      ? "There is no such origin.\n"
      : `It may be any of these:\n${names.join("")}`,
  );
  return null;
}

function nothingFits(desk: Desk): number {
  desk.terminal.note("There is no such origin.\n");
  return exitCodes.failed;
}

/** Fields as they are meant: `@file` is what the file says, `-` what comes in, without the line end. */
async function readFields(fields: Credentials, desk: Desk): Promise<Credentials> {
  const read = await Promise.all(
    Object.entries(fields).map(async ([name, value]) => {
      const source = value === "-" || value.startsWith("@");
      return [name, source ? (await desk.read(value)).trim() : value] as const;
    }),
  );
  return Object.fromEntries(read);
}
