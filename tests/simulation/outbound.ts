import type { Channel } from "../../src/channels/channel.ts";
import { describeError } from "../../src/core/errors.ts";
import { type ConversationId, conversationId } from "../../src/core/ids.ts";
import { periodic } from "../../src/core/service.ts";
import { createAnnouncer } from "../../src/outbox/announcer.ts";
import { createOutboxSweeper, createSilenceKeeper, silentMs } from "../../src/outbox/keeper.ts";
import type { Announcement, Limiter } from "../../src/outbox/limiter.ts";
import { createSender } from "../../src/outbox/sender.ts";
import type { OutboxStore } from "../../src/outbox/store.ts";
import type { Origins } from "../../src/tenants/origins.ts";
import { createFakeLimiter, type LimiterMutants } from "../support/fakes/limiter.ts";
import type { OutboxMutants } from "../support/fakes/outbox-options.ts";
import { createFakeOutboxStore } from "../support/fakes/outbox-store.ts";
import type { OutboundHistory } from "./outbound-history.ts";
import { markedRedis, remoteOutboxStore } from "./remote-ports.ts";
import { createSimulatedChannel } from "./simulated-channel.ts";
import type { SimulatedPlatform } from "./simulated-platform.ts";
import { metrics, type Seat, silentLogger, type Stage } from "./stage.ts";
import { credential } from "../../src/channels/account.ts";

/** Safeguards of the way out that a mutant leaves out. */
export type OutboundMutants = {
  readonly store?: OutboxMutants;
  readonly limiter?: LimiterMutants;
  /** A mark without an answer is taken for done. */
  readonly trustMark?: boolean;
  /** The clock is not looked at before the call. */
  readonly blindClock?: boolean;
  /** A lost answer is taken for a failure. */
  readonly guessFailure?: boolean;
  readonly noSweeper?: boolean;
  readonly noSilenceKeeper?: boolean;
};

export type OutboundOptions = {
  readonly stage: Stage;
  readonly origins: Origins;
  readonly platform: SimulatedPlatform;
  readonly history: OutboundHistory;
  readonly senderCount: number;
  readonly mutants: OutboundMutants;
};

/** The way out: senders, and what tells them that there is something to send. */
export type Outbound = {
  readonly announcerOf: (seat: Seat) => (announcements: readonly Announcement[]) => void;
};

const limitsEveryMs = 2_000;
const deliveryDeadlineMs = 3_600_000;

export function createOutbound(options: OutboundOptions): Outbound {
  const { stage, origins, mutants } = options;
  const store = createFakeOutboxStore({
    tables: stage.tables,
    origins: origins.all,
    onHold: options.history.held,
    ...(mutants.store === undefined ? {} : { mutants: mutants.store }),
  });
  const limiterOf = (seat: Seat): Limiter =>
    createFakeLimiter({
      data: () => stage.redis().limiter,
      now: stage.redisNow,
      runId: seat.runId,
      call: seat.redis.call,
      onGrant: stage.flushSoon,
      leaseMs: silentMs(createSimulatedChannel(neverSend)),
      ...(mutants.limiter === undefined ? {} : { mutants: mutants.limiter }),
    });
  for (let count = 0; count < options.senderCount; count += 1)
    stage.keep(`sender ${count}`, (seat) =>
      startSender(options, { seat, limiter: limiterOf(seat), store }),
    );
  return {
    announcerOf: (seat) =>
      createAnnouncer({
        limiter: limiterOf(seat),
        tickets: seat.tickets("outbox"),
        ready: () => seat.runId() !== null,
      }),
  };
}

const neverSend: Channel["send"] = async () => ({ type: "not_sent", detail: "nobody" });

type SenderSeat = { readonly seat: Seat; readonly limiter: Limiter; readonly store: OutboxStore };

function startSender(options: OutboundOptions, given: SenderSeat): void {
  const { origins, mutants, stage } = options;
  const { seat, limiter } = given;
  const attempts = new Map<string, number>();
  const store = remoteOutboxStore(given.store, seat.postgres);
  const marking: OutboxStore = {
    ...store,
    exchange: async (finished, grants) => {
      const answers = await store.exchange(finished, grants).catch((error) => {
        if (mutants.trustMark !== true || finished.length > 0) throw error;
        return headsOf(stage, grants);
      });
      for (const answer of answers) {
        const conversation = grants.find(({ i }) => i === answer.i)?.c;
        if (answer.verdict === "marked" && conversation !== undefined)
          attempts.set(`${conversation}/${answer.seq}`, answer.attempt);
      }
      return answers;
    },
  };
  const channel = createSimulatedChannel(async (message, account) => {
    const call = callOf(message.id, origins, credential(account, "token"));
    const attempt = attempts.get(`${call.conversation}/${call.seq}`) ?? 0;
    const outcome = await options.platform.call(seat, { ...call, attempt }, message);
    const guesses = mutants.guessFailure === true && outcome.type === "unknown";
    return guesses ? { type: "failed", status: 500, detail: "guessed" } : outcome;
  });
  const channels = new Map([[channel.name, channel]]);
  const frozen = { now: seat.process.clock.now, monotonic: () => 0 };
  const tickets = seat.tickets("outbox");
  const sender = createSender({
    fileAddress: (_tenant, url) => url,
    limiter,
    store: marking,
    origins,
    channels,
    metrics,
    clock: mutants.blindClock === true ? frozen : seat.process.clock,
    logger: silentLogger,
    deliveryDeadlineMs,
  });
  const keeping = {
    limiter,
    store,
    origins,
    channels,
    metrics,
    tickets,
    leads: () => seat.postgres.call(async () => true),
    redis: markedRedis(stage, seat),
    prefix: "outbox:",
    logger: silentLogger,
  };
  const services = [
    sender,
    limitsService(limiter, origins),
    ...(mutants.noSilenceKeeper === true ? [] : [createSilenceKeeper(keeping)]),
    ...(mutants.noSweeper === true ? [] : [createOutboxSweeper(keeping)]),
  ];
  for (const service of services) void service.start();
  void tickets.consume(1, async () => sender.wake());
}

function limitsService(limiter: Limiter, origins: Origins) {
  return periodic({
    name: "limits",
    pauseMs: limitsEveryMs,
    onError: describeError,
    run: async () => {
      await limiter.setLimits(origins.all());
      return undefined;
    },
  });
}

/** Reads a delivery's name: tenant, conversation and place; the origin is known by its token. */
function callOf(id: string, origins: Origins, token: string) {
  const parts = id.split("-");
  const conversation: ConversationId = conversationId(parts.slice(1, -1).join("-"));
  const origin = origins.all().find(({ account }) => credential(account, "token") === token);
  if (origin === undefined) throw new Error("a call of no origin");
  return { conversation, seq: Number(parts.at(-1)), origin };
}

/** What the mutant believes that marked its grants. */
function headsOf(stage: Stage, grants: Parameters<OutboxStore["exchange"]>[1]) {
  return grants.flatMap(({ i, c }) => {
    const head = stage.tables.outbox.get(c)?.[0];
    if (head === undefined) return [];
    const { seq, attempt, failures, author, body } = head;
    return [
      {
        i,
        verdict: "marked" as const,
        seq: String(seq),
        attempt: Math.max(1, attempt),
        failures,
        author,
        body,
        left_ms: deliveryDeadlineMs,
      },
    ];
  });
}
