import { parseArgs } from "node:util";

/** What the command line says; a null is left to the platform's figures or to the default place. */
export type SimulateOptions = {
  readonly clients: number;
  readonly concurrency: number;
  readonly seed: number;
  readonly platform: string | null;
  readonly ratePerSecond: number | null;
  readonly deadlineMs: number | null;
};

export const USAGE = `npm run simulate -- [options]
  --clients N       clients who order (default 50)
  --concurrency N   clients who write at the same time (default 20)
  --rate N          messages of clients per second at most (default: no bound)
  --seed N          chooses what clients write and where they err (default 1)
  --platform URL    the fake platform (default: FAKE_CHAT2DESK_URL, else that of the running npm start)
  --deadline S      the whole run ends after so many seconds (default: by the platform's rate limit)`;

const CLIENTS = 50;
const CLIENTS_MAX = 100_000;
const CONCURRENCY = 20;
const NUMBER_MAX = 1_000_000;

/** Reads the arguments; a string says what is wrong with them. */
export function readSimulateOptions(args: readonly string[]): SimulateOptions | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        clients: { type: "string" },
        concurrency: { type: "string" },
        rate: { type: "string" },
        seed: { type: "string" },
        platform: { type: "string" },
        deadline: { type: "string" },
      },
    });
    const deadlineS = numberOf("--deadline", values.deadline);
    return {
      clients: Math.min(CLIENTS_MAX, wholeOf("--clients", values.clients) ?? CLIENTS),
      concurrency: wholeOf("--concurrency", values.concurrency) ?? CONCURRENCY,
      seed: wholeOf("--seed", values.seed) ?? 1,
      platform: values.platform ?? null,
      ratePerSecond: numberOf("--rate", values.rate),
      deadlineMs: deadlineS === null ? null : deadlineS * 1000,
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function wholeOf(name: string, text: string | undefined): number | null {
  const number = numberOf(name, text);
  if (number !== null && !Number.isInteger(number))
    throw new Error(`${name} must be a whole number`);
  return number;
}

function numberOf(name: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const number = Number(text);
  if (number > 0 && number <= NUMBER_MAX) return number;
  throw new Error(`${name} must be a number above 0 and at most ${NUMBER_MAX}`);
}
