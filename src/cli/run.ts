import type { Command } from "./command.ts";
import type { Desk } from "./desk.ts";
import { discardParked } from "./discard.ts";
import { printLedger } from "./ledger.ts";
import { listParked } from "./list.ts";
import { addOrigin, checkOrigins, listOrigins, rotateOrigins, switchOrigin } from "./origins.ts";
import { replayAll, replayNamed } from "./replay.ts";
import { showParked } from "./show.ts";

/** Carries out a command; resolves with the exit code. @throws what PostgreSQL says when it cannot be asked. */
export function runCommand(
  command: Exclude<Command, { readonly type: "help" }>,
  desk: Desk,
): Promise<number> {
  switch (command.type) {
    case "list":
      return listParked(command, desk);
    case "show":
      return showParked(command, desk);
    case "replay":
      return replayNamed(command, desk);
    case "replay all":
      return replayAll(command, desk);
    case "discard":
      return discardParked(command, desk);
    case "origins add":
      return addOrigin(command, desk);
    case "origins list":
      return listOrigins(command, desk);
    case "origins check":
      return checkOrigins(command, desk);
    case "origins switch":
      return switchOrigin(command, desk);
    case "origins rotate":
      return rotateOrigins(command, desk);
    case "ledger":
      return printLedger(command, desk);
  }
}
