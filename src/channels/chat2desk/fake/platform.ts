import { type AccountOptions, FakeAccount } from "./account.ts";
import { errorAnswer } from "./answers.ts";
import { readCommand } from "./command-reader.ts";
import { type CommandTargets, carryOut, findAccount, type Said } from "./command-runner.ts";
import { ControlApi } from "../../../fake-platform/control-api.ts";
import type { AccountStats } from "../../../fake-platform/simulation/driver.ts";
import type { JsonRecord } from "../../../fake-platform/exact-json.ts";
import type { MessageContent } from "./hook-payload.ts";
import { type Exchange, openHttpFront } from "../../../fake-platform/http-front.ts";
import { MessageApi } from "./message-api.ts";
import { type LogEntry, type LogFact, PlatformLog } from "./platform-log.ts";
import { RuleBook } from "../../../fake-platform/rule-book.ts";
import { seededRandom } from "../../../fake-platform/seeded-random.ts";
import type { SendFault } from "./send-fault.ts";
import type { Disturbance } from "../../../fake-platform/courier.ts";
import { WebhookSender } from "./webhook-sender.ts";

/**
 * A fake Chat2Desk: one HTTP server on loopback that posts signed webhooks and judges what is sent to it. It shares no code
 * with the adapter, so that the two can disagree.
 */

export type FakeChat2DeskOptions = {
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

/** A message of a client. `token` may also be the account's name; it may be left out when there is only one account. */
export type ClientMessage = MessageContent & {
  readonly token?: string;
  readonly clientId: string | number | bigint;
  /** True does not wait for the acknowledgement of the client's former message. */
  readonly unordered?: boolean;
};

export type FakeChat2Desk = {
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

const RETRY_SCHEDULE_MS: readonly number[] = [10_000, 300_000, 7_200_000];
const WEBHOOK_TIMEOUT_MS = 10_000;

/** Starts the platform; rejects when the port is taken. */
export async function startFakeChat2Desk(options: FakeChat2DeskOptions): Promise<FakeChat2Desk> {
  const parts = build(options);
  const { log, targets, messages, control } = parts;
  const front = await openHttpFront(options.port ?? 0, (exchange) => route(parts, exchange));
  return {
    url: `http://127.0.0.1:${front.port}`,
    port: front.port,
    log,
    say: (message) => say(targets, message),
    control: async (command) => await carryOut(targets, readCommand(command)),
    stats: () => targets.accounts.map(statsOf),
    arrivals: (account) => findAccount(targets.accounts, account).window.arrivals,
    waitFor: (fits, timeoutMs) => log.waitFor(fits, timeoutMs),
    idle: () => targets.webhooks.idle(),
    stop: async () => {
      messages.stop();
      control.stop();
      await targets.webhooks.stop();
      await front.close();
    },
  };
}

type Parts = {
  readonly log: PlatformLog;
  readonly targets: CommandTargets;
  readonly messages: MessageApi;
  readonly control: ControlApi<LogFact>;
};

function build(options: FakeChat2DeskOptions): Parts {
  const now = options.now ?? (() => performance.now());
  const log = new PlatformLog(now);
  const faults = new RuleBook<SendFault>();
  const disturbances = new RuleBook<Disturbance>();
  const accounts = options.accounts.map(
    (account, index) => new FakeAccount(account.name ?? `account-${index + 1}`, account),
  );
  const webhooks = openWebhooks(options, { log, disturbances, now });
  const findByToken = (token: string | null) =>
    accounts.find((account) => account.options.token === token) ?? null;
  const messages = new MessageApi({ log, webhooks, faults, findAccount: findByToken, now });
  const releaseHanging = () => messages.releaseHanging();
  const targets = { accounts, webhooks, faults, disturbances, releaseHanging };
  const control = new ControlApi({
    log,
    stats: () => accounts.map(statsOf),
    carryOut: async (body) => carryOut(targets, readCommand(body)),
  });
  return { log, targets, messages, control };
}

function openWebhooks(
  options: FakeChat2DeskOptions,
  parts: {
    readonly log: PlatformLog;
    readonly disturbances: RuleBook<Disturbance>;
    readonly now: () => number;
  },
): WebhookSender {
  const scale = options.timeScale ?? 1;
  return new WebhookSender({
    ...parts,
    random: seededRandom(options.seed ?? 1),
    retryScheduleMs: (options.retryScheduleMs ?? RETRY_SCHEDULE_MS).map((ms) => ms / scale),
    timeoutMs: options.webhookTimeoutMs ?? WEBHOOK_TIMEOUT_MS,
  });
}

async function route({ control, messages }: Parts, exchange: Exchange): Promise<void> {
  if (exchange.path.startsWith("/__")) return await control.receive(exchange);
  if (exchange.method === "POST" && exchange.path === "/v1/messages") {
    return await messages.receive(exchange);
  }
  await exchange.answer(errorAnswer(404, "Page not found"));
}

async function say(
  targets: CommandTargets,
  { token, clientId, unordered = false, ...content }: ClientMessage,
): Promise<Said> {
  const to = { account: token ?? null, clientId: String(clientId) };
  const result = await carryOut(targets, { do: "say", ...to, unordered, content });
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
