import type { Warning } from "./settings.ts";
import type { Backlog, Hold, OpenWork, OriginConnection } from "./open-work.ts";
import type { Seen } from "./look.ts";

/** One thing that is looked at, with a sentence for people. */
export type Check = {
  readonly status: "ok" | "degraded" | "down";
  readonly message: string;
} & Readonly<Record<string, unknown>>;

export type Checks = Readonly<Record<string, Check>>;

/** How an origin is called in the webhook's address, such as `chat2desk/default`. */
export type OriginName = (origin: number) => string;

/** What was seen, as checks with their sentences. */
export function checksOf(seen: Seen, originName: OriginName): Checks {
  return {
    postgres: postgresCheck(seen),
    redis: redisCheck(seen),
    ...(seen.work === null ? {} : workChecks(seen.work, seen, originName)),
    workers: processesCheck(seen.processes),
    settings: settingsCheck(seen.warnings),
  };
}

function postgresCheck({ postgres, work }: Seen): Check {
  if (postgres.state === "unprepared") {
    const message =
      "PostgreSQL could not be prepared since the start (the log says why); nothing is migrated yet and webhooks are refused with 503.";
    return { status: "down", message };
  }
  if (postgres.state === "away") {
    const message = `PostgreSQL does not answer (${postgres.error}); webhooks are refused with 503.`;
    return { status: "down", message };
  }
  if (work !== null) return { status: "ok", message: "PostgreSQL answers." };
  return { status: "degraded", message: "PostgreSQL answers, but does not tell the open work." };
}

function redisCheck({ redis }: Seen): Check {
  if (redis === null) return { status: "ok", message: "Redis answers." };
  const message = `Redis cannot be used (${redis}); webhooks are stored and wait for it.`;
  return { status: "degraded", message };
}

function workChecks(work: OpenWork, seen: Seen, originName: OriginName): Checks {
  const { parkedEvents: events, parkedDeliveries: deliveries } = work;
  const message = `${events} events and ${deliveries} deliveries are parked.`;
  return {
    messages: queueCheck("messages", work.messages, seen.wakeUps.messages),
    outbox: queueCheck("outbox", work.outbox, seen.wakeUps.outbox),
    parked: { status: "ok", message, events, deliveries },
    origins: holdsCheck(work.holds, originName),
    connections: connectionsCheck(work.connections, originName),
  };
}

function queueCheck(
  queue: string,
  { size, oldestSeconds }: Backlog,
  wakeUps: number | null,
): Check {
  const waiting = size === 1 ? "1 waits" : `${size} wait`;
  const message =
    size === 0
      ? `Nothing waits in ${queue}.`
      : `${waiting} in ${queue}, the oldest for ${oldestSeconds} s.`;
  return { status: "ok", message, queue, size, oldestSeconds, bullWaiting: wakeUps };
}

/** Waiting for a limit is everyday; a used-up quota or a refused token needs a person. */
function holdsCheck(holds: readonly Hold[], originName: OriginName): Check {
  if (holds.length === 0) return { status: "ok", message: "No origin is on hold." };
  const held = holds.map((hold) => ({ ...hold, name: originName(hold.origin) }));
  const sentences = held.map(({ name, seconds, reason }) => `${name} for ${seconds} s (${reason})`);
  const serious = held.some(({ reason }) => reason !== "throttled");
  return {
    status: serious ? "degraded" : "ok",
    message: `On hold: ${sentences.join(", ")}.`,
    held,
  };
}

/** What the platforms say about our webhooks; what was mended is told, and troubles nobody any more. */
function connectionsCheck(connections: readonly OriginConnection[], originName: OriginName): Check {
  const broken = connections.filter(({ state }) => state !== "connected" && state !== "unchecked");
  const mended = connections.filter(({ repaired }) => repaired !== null);
  const sentences = [
    ...broken.map(({ origin, state, notes, sinceSeconds }) =>
      [`${originName(origin)} is ${state} for ${sinceSeconds} s.`, ...notes].join(" "),
    ),
    ...mended.map(
      ({ origin, repaired }) =>
        `${originName(origin)} was mended ${repaired?.secondsAgo ?? 0} s ago: ${repaired?.what ?? ""}`,
    ),
  ];
  return {
    status: broken.length === 0 ? "ok" : "degraded",
    message:
      sentences.length === 0
        ? "Every platform that was asked delivers to us."
        : sentences.join(" "),
    broken: broken.map(({ origin, state, notes }) => ({ name: originName(origin), state, notes })),
  };
}

function processesCheck(roles: Seen["processes"]): Check {
  if (roles === null) {
    return {
      status: "degraded",
      message: "Live processes are not known while Redis cannot be used.",
    };
  }
  const live = Object.entries(roles).map(([role, count]) => `${count} ${role}`);
  const all = roles["all"] ?? 0;
  const missing = ["worker", "outbox"].filter((role) => (roles[role] ?? 0) + all === 0);
  if (missing.length === 0) return { status: "ok", message: `Live: ${live.join(", ")}.`, roles };
  const message = `No live ${missing.join(" and no live ")} process; live are: ${live.join(", ") || "none"}.`;
  return { status: "degraded", message, roles };
}

function settingsCheck(warnings: readonly Warning[]): Check {
  if (warnings.length === 0) return { status: "ok", message: "Settings are safe." };
  const sentences = warnings.map(({ sentence }) => sentence);
  const status = warnings.some(({ breaksPromise }) => breaksPromise) ? "degraded" : "ok";
  return { status, message: sentences.join(" "), warnings: sentences };
}
