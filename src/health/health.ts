import type { Clock } from "../core/clock.ts";
import { type Situation, situationText } from "../platform/telemetry/situation.ts";
import { type Check, type Checks, checksOf, type OriginName } from "./checks.ts";
import { look, type LookParts, type Seen } from "./look.ts";

/** What `/health` says: `down` only when PostgreSQL is, because without Redis or workers webhooks are still stored. */
export type HealthReport = { readonly status: Check["status"]; readonly checks: Checks };

export type Health = {
  /** Takes a few seconds at most and never rejects. */
  readonly report: () => Promise<HealthReport>;
  /** Prometheus text: the numbers of all processes, and the situation as it is now. */
  readonly metrics: () => Promise<string>;
};

export type HealthParts = LookParts & { readonly originName: OriginName; readonly clock: Clock };

/** What was seen is told to everybody who asks within this time, ms: asking often must not cost PostgreSQL. */
const sightLifeMs = 500;

/** Makes the reporter; nothing is looked at until somebody asks. */
export function createHealth(parts: HealthParts): Health {
  let last: { readonly at: number; readonly seen: Promise<Seen> } | null = null;
  const see = (): Promise<Seen> => {
    const now = parts.clock.monotonic();
    if (last === null || now - last.at > sightLifeMs) last = { at: now, seen: look(parts) };
    return last.seen;
  };
  return {
    report: async () => {
      const checks = checksOf(await see(), parts.originName);
      return { status: worst(Object.values(checks)), checks };
    },
    metrics: async () => {
      const [counted, seen] = await Promise.all([parts.roster.metricsText(), see()]);
      return `${counted}\n${await situationText(situationOf(seen))}`;
    },
  };
}

function worst(checks: readonly Check[]): Check["status"] {
  const states = checks.map(({ status }) => status);
  if (states.includes("down")) return "down";
  return states.includes("degraded") ? "degraded" : "ok";
}

function situationOf({ postgres, redis, work, processes, wakeUps }: Seen): Situation {
  const counted = Object.entries(wakeUps);
  return {
    postgresUp: postgres.state === "answers",
    redisUp: redis === null,
    queues:
      work === null
        ? []
        : [
            { queue: "messages", ...work.messages },
            { queue: "outbox", ...work.outbox },
          ],
    wakeUps: counted.flatMap(([queue, waiting]) => (waiting === null ? [] : [{ queue, waiting }])),
    parked:
      work === null
        ? []
        : [
            { kind: "events", count: work.parkedEvents },
            { kind: "deliveries", count: work.parkedDeliveries },
          ],
    originsOnHold: work?.holds.length ?? null,
    processes: processes ?? {},
  };
}
