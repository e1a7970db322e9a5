import { hostname, userInfo } from "node:os";
import { BadUse } from "../cli/bad-use.ts";
import { readCommand } from "../cli/command.ts";
import { exitCodes } from "../cli/desk.ts";
import { helpTexts } from "../cli/help.ts";
import { runCommand } from "../cli/run.ts";
import { paint, type Terminal } from "../cli/terminal.ts";
import { systemClock } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import { parseConfig } from "./config.ts";
import { openOperations } from "./operations.ts";

/** What a command line is run with; tests bring their own. */
export type Surroundings = {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly terminal: Terminal;
};

/** One run of `npm run hookdesk -- …`; resolves with the exit code. Never rejects. */
export async function operate(
  args: readonly string[],
  { environment, terminal }: Surroundings = { environment: process.env, terminal: ownTerminal() },
): Promise<number> {
  try {
    const command = readCommand(args, systemClock.now());
    if (command.type === "help") {
      terminal.out(helpTexts[command.topic]);
      return exitCodes.ok;
    }
    const parsed = parseConfig(environment);
    if (!parsed.ok) {
      const faults = parsed.faults.map((fault) => `  ${fault}\n`).join("");
      terminal.note(`${noSystem}\n${faults}`);
      return exitCodes.badUse;
    }
    const operations = await openOperations(parsed.config);
    try {
      return await runCommand(command, {
        ...operations,
        operator: operatorName(),
        terminal,
        read: readSource,
      });
    } finally {
      await operations.close();
    }
  } catch (error) {
    return complain(error, terminal);
  }
}

/** What a file says, or everything that comes in. */
async function readSource(source: string): Promise<string> {
  if (source === "-") return Bun.stdin.text();
  const file = Bun.file(source.slice(1));
  if (await file.exists()) return file.text();
  throw new BadUse(`There is no file ${source.slice(1)}.`, "origins add");
}

const noSystem =
  "No system is known: run npm start in another terminal, or name one in the environment.";
const notMigrated =
  "The database is not one of this version of Hookdesk: start Hookdesk once, so that it migrates.";

function complain(error: unknown, terminal: Terminal): number {
  if (error instanceof BadUse) {
    const more = error.topic === "" ? "" : `${error.topic} `;
    terminal.note(`${error.message}\n\n`);
    terminal.note(`${paint(terminal, "dim", `npm run hookdesk -- ${more}--help says more.`)}\n`);
    return exitCodes.badUse;
  }
  const code = error instanceof Error && "code" in error ? error.code : null;
  const missing = code === "42883" || code === "42P01";
  terminal.note(
    missing ? `${notMigrated}\n` : `PostgreSQL could not be asked: ${describeError(error)}\n`,
  );
  return exitCodes.failed;
}

/** The screen of this process. Colours are for screens, and not for people who set NO_COLOR. */
function ownTerminal(): Terminal {
  const { stdout, stderr } = process;
  const noColour = (process.env["NO_COLOR"] ?? "") !== "";
  // A reader who leaves early (`| head`) is no failure.
  for (const stream of [stdout, stderr]) stream.on("error", () => undefined);
  return {
    out: (text) => void stdout.write(text),
    note: (text) => void stderr.write(text),
    width: stdout.isTTY ? stdout.columns : null,
    colours: stdout.isTTY && !noColour,
  };
}

function operatorName(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return `somebody@${hostname()}`;
  }
}
