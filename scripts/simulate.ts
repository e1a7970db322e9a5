import {
  type SimulationProgress,
  simulateClients,
} from "../src/fake-platform/simulation/simulate-clients.ts";
import { readSimulateOptions, type SimulateOptions, USAGE } from "./simulate/options.ts";
import { ProgressLine } from "./simulate/progress-line.ts";
import { connectPlatform } from "./simulate/remote-platform.ts";
import { findingsTable } from "./simulate/table.ts";

/**
 * `npm run simulate -- --clients 50`: customers order through the running system, over the control of its fake platform.
 * Exits 0 when every client ordered and every message got exactly its reply, 1 when anything was wrong, 2 on bad use.
 */

const USAGE_EXIT_CODE = 2;
const FAULT_EXIT_CODE = 1;

async function main(options: SimulateOptions): Promise<number> {
  const url = platformUrl(options.platform ?? process.env["FAKE_CHAT2DESK_URL"]);
  const platform = await connectPlatform(url);
  const people = peopleOf(options, platform.accounts);
  const deadlineMs = options.deadlineMs ?? platform.deadlineMs(people.length);
  console.log(
    `${people.length} clients order through ${url}; over in ${deadlineMs / 1000} s at most`,
  );
  const line = new ProgressLine(process.stdout);
  try {
    const findings = await simulateClients({
      driver: platform.driver,
      people,
      seed: options.seed,
      concurrency: options.concurrency,
      ...(options.ratePerSecond === null ? {} : { messagesPerSecond: options.ratePerSecond }),
      replyTimeoutMs: deadlineMs,
      deadlineMs,
      onProgress: (progress) => line.show(textOf(progress)),
    });
    line.end();
    console.log(findingsTable(findings));
    return findings.faultless ? 0 : FAULT_EXIT_CODE;
  } finally {
    line.end();
    platform.close();
  }
}

/** `npm run simulate` passes on the address that the running `npm start` has announced. */
function platformUrl(text: string | undefined): string {
  if (text === undefined) {
    throw new Error("No fake platform is known: run npm start first, or name one with --platform.");
  }
  if (!URL.canParse(text)) throw new Error("The address of the platform is not a URL.");
  return text.replace(/\/+$/, "");
}

/** Clients who have never written before: their ids come from the time. */
function peopleOf(options: SimulateOptions, accounts: readonly string[]) {
  const firstClientId = Math.floor(Date.now() / 1000) * 1_000_000;
  return Array.from({ length: options.clients }, (_, index) => ({
    account: accounts[index % accounts.length] ?? "",
    clientId: String(firstClientId + index),
  }));
}

function textOf(progress: SimulationProgress): string {
  const { clients, through, messages, replies } = progress;
  return `${through} of ${clients} clients through, ${messages} messages, ${replies} replies`;
}

if (import.meta.main) {
  const options = readSimulateOptions(process.argv.slice(2));
  if (typeof options === "string") {
    console.error(`${options}\n\n${USAGE}`);
    process.exit(USAGE_EXIT_CODE);
  }
  process.exit(
    await main(options).catch((error: unknown) => {
      console.error(error instanceof Error ? error.message : String(error));
      return FAULT_EXIT_CODE;
    }),
  );
}
