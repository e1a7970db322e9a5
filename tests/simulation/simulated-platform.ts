import type { OutgoingMessage, SendOutcome } from "../../src/channels/channel.ts";
import { grantLifeMs } from "../../src/outbox/grant-life.ts";
import type { Call, OutboundHistory } from "./outbound-history.ts";
import { sendTimeoutMs } from "./simulated-channel.ts";
import type { Seat, Stage } from "./stage.ts";

/** What the platform does with a call. */
type Treatment =
  | "takes"
  | "takes_silently"
  | "cannot_be_reached"
  | "fails"
  | "throttles"
  | "rejects"
  | "silent";

/** How likely each kind of trouble is, 0 to 1. */
type PlatformTemper = Readonly<Record<Exclude<Treatment, "takes">, number>>;

export type SimulatedPlatform = {
  /** One call from a process; what it hears of it. Mistakes are the caller's: see `guess`. */
  readonly call: (seat: Seat, call: Call, message: OutgoingMessage) => Promise<SendOutcome>;
};

const answerMsMax = 30;

/** Draws how a platform behaves in one run: each kind of trouble in about half of them. */
function drawPlatformTemper({ world: { random }, temper }: Stage): PlatformTemper {
  const some = (probability: number): number =>
    !temper.isCalm && random.chance(0.5) ? probability * random.float() : 0;
  return {
    takes_silently: some(0.15),
    silent: some(0.05),
    cannot_be_reached: some(0.1),
    fails: some(0.15),
    throttles: some(0.1),
    rejects: some(0.05),
  };
}

/** A platform that takes messages or makes trouble; `onTaken` is told of every message that reached a client. */
export function createSimulatedPlatform(
  stage: Stage,
  given: {
    readonly history: OutboundHistory;
    readonly onTaken: (call: Call, message: OutgoingMessage, messageId: string) => void;
  },
): SimulatedPlatform {
  const { world } = stage;
  const { random } = world;
  const { history } = given;
  const troubles = drawPlatformTemper(stage);
  let taken = 0;

  const treat = (): Treatment => {
    if (stage.isQuiet()) return "takes";
    let drawn = random.float();
    for (const [trouble, probability] of Object.entries(troubles)) {
      drawn -= probability;
      if (drawn < 0) return isTrouble(trouble) ? trouble : "takes";
    }
    return "takes";
  };

  const arrive = (call: Call, message: OutgoingMessage, treatment: Treatment): SendOutcome => {
    history.arrived(call);
    switch (treatment) {
      case "fails":
        return { type: "failed", status: 500, detail: "broken" };
      case "throttles":
        return {
          type: "throttled",
          status: 429,
          retryAfterMs: 300 + random.int(2_000),
          scope: null,
        };
      case "rejects":
        return { type: "rejected", status: 400, reason: "other", detail: "refused" };
      case "silent":
        return { type: "unknown", detail: "timeout" };
      default: {
        taken += 1;
        const messageId = `out${taken}`;
        history.accepted(call);
        given.onTaken(call, message, messageId);
        if (treatment === "takes_silently") return { type: "unknown", detail: "timeout" };
        return { type: "sent", messageId, status: 200 };
      }
    }
  };

  return {
    call: ({ process }, call, message) => {
      const { promise, resolve } = Promise.withResolvers<SendOutcome>();
      const treatment = treat();
      if (treatment === "cannot_be_reached") {
        world.after(
          random.int(answerMsMax),
          () => resolve({ type: "not_sent", detail: "refused" }),
          process,
        );
        return promise;
      }
      // What lies between our look at the clock and the platform's is as long as a grant's life, at most.
      const way = random.int(grantLifeMs(call.origin.rate.windowMs));
      world.after(way, () => {
        const outcome = arrive(call, message, treatment);
        const ms = outcome.type === "unknown" ? sendTimeoutMs - way : random.int(answerMsMax);
        world.after(ms, () => resolve(outcome), process);
      });
      return promise;
    },
  };
}

function isTrouble(name: string): name is keyof PlatformTemper {
  return name !== "takes";
}
