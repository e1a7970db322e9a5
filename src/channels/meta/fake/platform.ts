import { ControlApi } from "../../../fake-platform/control-api.ts";
import type { Disturbance } from "../../../fake-platform/courier.ts";
import type { JsonRecord } from "../../../fake-platform/exact-json.ts";
import { type Exchange, openHttpFront } from "../../../fake-platform/http-front.ts";
import { RuleBook } from "../../../fake-platform/rule-book.ts";
import { seededRandom } from "../../../fake-platform/seeded-random.ts";
import type { AccountStats } from "../../../fake-platform/simulation/driver.ts";
import { type AccountOptions, FakeAccount } from "./account.ts";
import { tellFate } from "./after-send.ts";
import { readCommand } from "./command-reader.ts";
import { type CommandTargets, carryOut, findAccount, type Said } from "./command-runner.ts";
import { GraphApi } from "./graph-api.ts";
import { MediaShelf } from "./media-shelf.ts";
import { MessagesApi } from "./messages-api.ts";
import { type LogEntry, type LogFact, PlatformLog } from "./platform-log.ts";
import { PostRoom } from "./post-room.ts";
import type { SendFault } from "./send-fault.ts";
import type { Speech } from "./speech.ts";

/**
 * A fake Meta: one HTTP server on loopback that posts signed webhooks of WhatsApp, Messenger and Instagram and judges what is sent
 * to it through a Graph API of its own. It shares no code with the adapters, so that the two can disagree.
 */

export type FakeMetaOptions = {
  readonly accounts: readonly AccountOptions[];
  /** 0 takes a free port. */
  readonly port?: number;
  /** Waits before the second and later attempts of a webhook, ms of the platform's clock. */
  readonly retryScheduleMs?: readonly number[];
  /** How much faster the platform's clock for retries runs. */
  readonly timeScale?: number;
  readonly webhookTimeoutMs?: number;
  readonly seed?: number;
  /** Monotonic ms, the clock of arrivals and of the log; for tests that move time themselves. */
  readonly now?: () => number;
};

/** A message of a client. `account` may be left out when there is only one. */
export type ClientMessage = Speech & { readonly account?: string; readonly clientId: string };

export type FakeMeta = {
  readonly url: string;
  readonly port: number;
  readonly log: PlatformLog;
  /** A client writes; resolves when the webhook was acknowledged or given up. */
  readonly say: (message: ClientMessage) => Promise<Said>;
  /** Carries out a command in the words of `POST /__control` (README.md); throws a CommandError when it is none. */
  readonly control: (command: JsonRecord) => Promise<Said | null>;
  readonly stats: () => readonly AccountStats[];
  /** Arrival times of an account's calls, monotonic ms. */
  readonly arrivals: (account: string) => readonly number[];
  /** Resolves with the first log entry, past or coming, that fits; rejects after the time-out. */
  readonly waitFor: (fits: (entry: LogEntry) => boolean, timeoutMs: number) => Promise<LogEntry>;
  /** Resolves when no webhook is on its way or waits for a retry. */
  readonly idle: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** Growing waits; the platform goes on for seven days, of which these are the first hours. */
const RETRY_SCHEDULE_MS: readonly number[] = [
  1_000, 5_000, 30_000, 120_000, 600_000, 1_800_000, 7_200_000,
];
const WEBHOOK_TIMEOUT_MS = 10_000;

/** Starts the platform; rejects when the port is taken. */
export async function startFakeMeta(options: FakeMetaOptions): Promise<FakeMeta> {
  let port = 0;
  const parts = build(options, () => `http://127.0.0.1:${port}`);
  const { log, targets, messages, control } = parts;
  const front = await openHttpFront(options.port ?? 0, (exchange) => route(parts, exchange));
  port = front.port;
  return {
    url: `http://127.0.0.1:${front.port}`,
    port: front.port,
    log,
    say: (message) => say(targets, message),
    control: async (command) => await carryOut(targets, readCommand(command)),
    stats: () => targets.accounts.map(statsOf),
    arrivals: (account) => findAccount(targets.accounts, account).window.arrivals,
    waitFor: (fits, timeoutMs) => log.waitFor(fits, timeoutMs),
    idle: () => targets.room.idle(),
    stop: async () => {
      messages.stop();
      control.stop();
      await targets.room.stop();
      await front.close();
    },
  };
}

type Parts = {
  readonly log: PlatformLog;
  readonly targets: CommandTargets;
  readonly messages: MessagesApi;
  readonly graph: GraphApi;
  readonly control: ControlApi<LogFact>;
};

function build(options: FakeMetaOptions, url: () => string): Parts {
  const now = options.now ?? (() => performance.now());
  const log = new PlatformLog(now);
  const faults = new RuleBook<SendFault>();
  const disturbances = new RuleBook<Disturbance>();
  const shelf = new MediaShelf();
  const accounts = options.accounts.map(
    (account, index) => new FakeAccount(account.name ?? `account-${index + 1}`, account),
  );
  const scale = options.timeScale ?? 1;
  const room = new PostRoom({
    log,
    disturbances,
    now,
    random: seededRandom(options.seed ?? 1),
    retryScheduleMs: (options.retryScheduleMs ?? RETRY_SCHEDULE_MS).map((ms) => ms / scale),
    timeoutMs: options.webhookTimeoutMs ?? WEBHOOK_TIMEOUT_MS,
  });
  const follow: ConstructorParameters<typeof MessagesApi>[0]["follow"] = (account, taken) =>
    tellFate(room, account, taken);
  const messages = new MessagesApi({ log, faults, follow, now });
  const releaseHanging = () => messages.releaseHanging();
  const targets = { accounts, room, shelf, faults, disturbances, releaseHanging, now };
  const control = new ControlApi({
    log,
    stats: () => accounts.map(statsOf),
    carryOut: async (body) => carryOut(targets, readCommand(body)),
  });
  return {
    log,
    targets,
    messages,
    control,
    graph: new GraphApi({ accounts, messages, shelf, url }),
  };
}

async function route({ control, graph }: Parts, exchange: Exchange): Promise<void> {
  await (exchange.path.startsWith("/__") ? control : graph).receive(exchange);
}

async function say(targets: CommandTargets, message: ClientMessage): Promise<Said> {
  const { account = null, clientId, ...speech } = message;
  const command = { do: "say", by: "client", unordered: false, account, clientId, speech } as const;
  const result = await carryOut(targets, command);
  if (result === null) throw new Error("a client's message ended without a result");
  return result;
}

function statsOf({ name, window, accepted }: FakeAccount): AccountStats {
  return {
    account: name,
    arrivals: window.arrivals.length,
    accepted,
    refusedOverLimit: window.refused,
    violations: window.violations,
    maxInWindow: window.maxInAnyWindow(),
    limitCount: window.limit.count,
    limitWindowMs: window.limit.windowMs,
  };
}
