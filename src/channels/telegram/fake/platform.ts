import { ControlApi } from "../../../fake-platform/control-api.ts";
import type { JsonRecord } from "../../../fake-platform/exact-json.ts";
import { openHttpFront } from "../../../fake-platform/http-front.ts";
import { RuleBook } from "../../../fake-platform/rule-book.ts";
import { seededRandom } from "../../../fake-platform/seeded-random.ts";
import type { AccountStats } from "../../../fake-platform/simulation/driver.ts";
import { type BotOptions, FakeBot } from "./bot.ts";
import { BotApi } from "./bot-api.ts";
import { readCommand } from "./command-reader.ts";
import { type CommandTargets, carryOut, findBot, type Said } from "./command-runner.ts";
import { type LogEntry, TelegramLog } from "./log.ts";
import type { SendFault } from "./send-fault.ts";
import { type WebhookDisturbance, WebhookQueues } from "./webhook-queues.ts";

/**
 * A fake Telegram: one HTTP server on loopback that speaks the Bot API, posts updates as the real one does, and judges what is
 * sent. It shares no code with the adapter, so that the two can disagree.
 */
export type FakeTelegramOptions = {
  readonly bots: readonly BotOptions[];
  /** 0 takes a free port. */
  readonly port?: number;
  /** How much faster the platform's clock for retries and expiry runs; limits keep their own time. */
  readonly timeScale?: number;
  readonly webhookTimeoutMs?: number;
  readonly seed?: number;
};

/** A bot's figures; the narrower windows of its chats and groups are counted together. */
export type BotStats = AccountStats & {
  readonly narrowViolations: number;
  readonly narrowRefused: number;
};

export type FakeTelegram = {
  readonly url: string;
  readonly log: TelegramLog;
  /** Carries out a command in the words of `POST /__control` (README.md); throws a CommandError when it is none. */
  readonly control: (command: JsonRecord) => Promise<Said | null>;
  readonly stats: () => readonly BotStats[];
  readonly bot: (name?: string) => FakeBot;
  /** Resolves with the first log entry, past or coming, that fits; rejects after the time-out. */
  readonly waitFor: (fits: (entry: LogEntry) => boolean, timeoutMs: number) => Promise<LogEntry>;
  /** Resolves when no update is on its way or waits. */
  readonly idle: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

const webhookTimeoutMsDefault = 60_000;

/** Starts the platform; rejects when the port is taken. */
export async function startFakeTelegram(options: FakeTelegramOptions): Promise<FakeTelegram> {
  const now = () => performance.now();
  const log = new TelegramLog(now);
  const bots = options.bots.map((bot, index) => new FakeBot(bot.name ?? `bot-${index + 1}`, bot));
  const faults = new RuleBook<SendFault>();
  const disturbances = new RuleBook<WebhookDisturbance>();
  const findByToken = (token: string) => bots.find((bot) => bot.options.token === token) ?? null;
  const api = new BotApi({ log, faults, findBot: findByToken, now });
  const queues = new WebhookQueues({
    log,
    disturbances,
    now,
    random: seededRandom(options.seed ?? 1),
    timeScale: options.timeScale ?? 1,
    timeoutMs: options.webhookTimeoutMs ?? webhookTimeoutMsDefault,
    carryOut: (bot, answer) => api.carryOut(bot, answer),
  });
  const targets: CommandTargets = {
    bots,
    queues,
    faults,
    disturbances,
    releaseHanging: () => api.releaseHanging(),
  };
  const stats = () => bots.map(statsOf);
  const control = new ControlApi({
    log,
    stats,
    carryOut: async (body) => carryOut(targets, readCommand(body)),
  });
  const front = await openHttpFront(options.port ?? 0, (exchange) =>
    exchange.path.startsWith("/__") ? control.receive(exchange) : api.receive(exchange),
  );
  return {
    url: `http://127.0.0.1:${front.port}`,
    log,
    control: async (command) => carryOut(targets, readCommand(command)),
    stats,
    bot: (name) => findBot(bots, name ?? null),
    waitFor: (fits, timeoutMs) => log.waitFor(fits, timeoutMs),
    idle: () => queues.idle(),
    stop: async () => {
      api.stop();
      control.stop();
      await queues.stop();
      await front.close();
    },
  };
}

function statsOf(bot: FakeBot): BotStats {
  const { window } = bot;
  return {
    account: bot.name,
    arrivals: window.arrivals.length,
    accepted: bot.accepted,
    refusedOverLimit: window.refused,
    violations: window.violations,
    maxInWindow: window.maxInAnyWindow(),
    limitCount: window.limit.count,
    limitWindowMs: window.limit.windowMs,
    narrowViolations: bot.narrowViolations,
    narrowRefused: bot.narrowRefused,
  };
}
