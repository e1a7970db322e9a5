import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from "prom-client";

/** Seconds; from a tenth of a millisecond to the longest send. */
const latencyBuckets = [
  0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

export type Metrics = ReturnType<typeof createMetrics>;

/**
 * The numbers of one process. Labels are closed sets and origin numbers, never ids of customers.
 * Lag is from the webhook's arrival to the commit of what it changed; limiter wait from a delivery's first chance to its grant.
 */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    accepted: new Counter({
      name: "hookdesk_events_accepted_total",
      help: "Events stored in the journal",
      labelNames: ["channel"],
      registers,
    }),
    duplicates: new Counter({
      name: "hookdesk_events_duplicate_total",
      help: "Copies absorbed",
      labelNames: ["channel"],
      registers,
    }),
    ignored: new Counter({
      name: "hookdesk_events_ignored_total",
      help: "Events kept but not applied",
      labelNames: ["channel", "reason"],
      registers,
    }),
    refused: new Counter({
      name: "hookdesk_webhooks_refused_total",
      help: "Webhooks answered with an error",
      labelNames: ["status"],
      registers,
    }),
    ackSeconds: new Histogram({
      name: "hookdesk_ack_seconds",
      help: "Webhook to answer",
      buckets: latencyBuckets,
      registers,
    }),
    applied: new Counter({
      name: "hookdesk_events_applied_total",
      help: "Events applied",
      registers,
    }),
    laneLagSeconds: new Histogram({
      name: "hookdesk_lane_lag_seconds",
      help: "Webhook to commit",
      buckets: latencyBuckets,
      registers,
    }),
    decideSeconds: new Histogram({
      name: "hookdesk_decide_seconds",
      help: "Deciding a group of lanes",
      buckets: latencyBuckets,
      registers,
    }),
    commitSeconds: new Histogram({
      name: "hookdesk_commit_seconds",
      help: "Committing a group of lanes",
      buckets: latencyBuckets,
      registers,
    }),
    verdicts: new Counter({
      name: "hookdesk_lane_verdicts_total",
      help: "Ends of decided lanes",
      labelNames: ["verdict"],
      registers,
    }),
    parkedEvents: new Counter({
      name: "hookdesk_events_parked_total",
      help: "Events set aside after their last attempt",
      registers,
    }),
    sendSeconds: new Histogram({
      name: "hookdesk_send_seconds",
      help: "One call to a channel",
      buckets: latencyBuckets,
      registers,
    }),
    sends: new Counter({
      name: "hookdesk_sends_total",
      help: "Attempts by their end",
      labelNames: ["outcome"],
      registers,
    }),
    deliverySeconds: new Histogram({
      name: "hookdesk_delivery_seconds",
      help: "Commit of a message to the platform's answer",
      buckets: latencyBuckets,
      registers,
    }),
    limiterWaitSeconds: new Histogram({
      name: "hookdesk_limiter_wait_seconds",
      help: "Commit of a message to its grant",
      buckets: [...latencyBuckets, 60, 300],
      registers,
    }),
    parkedDeliveries: new Counter({
      name: "hookdesk_deliveries_parked_total",
      help: "Deliveries given up",
      registers,
    }),
  };
}

/** The numbers of one process as text that other processes can add to theirs. */
export async function exportMetrics(metrics: Metrics): Promise<string> {
  return JSON.stringify(await metrics.registry.getMetricsAsJSON());
}

/** Begins to count from nothing again. */
export function resetMetrics(metrics: Metrics): void {
  metrics.registry.resetMetrics();
}

/** Adds up the numbers of several processes; the result can be added up again. What cannot be read counts for nothing. */
export async function addUpMetrics(exports: readonly string[]): Promise<string> {
  return JSON.stringify(await addUp(exports).getMetricsAsJSON());
}

/** Prometheus text over the numbers of several processes. */
export async function metricsText(exports: readonly string[]): Promise<string> {
  return addUp(exports).metrics();
}

function addUp(exports: readonly string[]): Registry {
  return AggregatorRegistry.aggregate(exports.map(readExport));
}

/** A process of another version may have written what this one cannot read. */
function readExport(text: string): object[] {
  try {
    const read: unknown = JSON.parse(text);
    return Array.isArray(read) ? read : [];
  } catch {
    return [];
  }
}

/**
 * What is true of the whole installation at this moment, whoever looks. It is read when it is asked for and never added up, so
 * that no process repeats what it saw long ago.
 */
export type Situation = {
  readonly postgresUp: boolean;
  readonly redisUp: boolean;
  /** Open work in PostgreSQL by queue; empty while PostgreSQL does not tell. */
  readonly queues: readonly {
    readonly queue: string;
    readonly size: number;
    readonly oldestSeconds: number;
  }[];
  /** Wake-ups in Bull that nobody has taken yet, by queue. */
  readonly wakeUps: readonly { readonly queue: string; readonly waiting: number }[];
  readonly parked: readonly { readonly kind: "events" | "deliveries"; readonly count: number }[];
  readonly originsOnHold: number | null;
  /** Live processes by role. */
  readonly processes: Readonly<Record<string, number>>;
};

/** Prometheus text of the situation; what is not known is left out. */
export async function situationText(situation: Situation): Promise<string> {
  const registers = [new Registry()] as const;
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Gauge({ name: `hookdesk_${name}`, help, labelNames, registers: [...registers] });
  gauge("postgres_up", "1 while PostgreSQL answers").set(Number(situation.postgresUp));
  gauge("redis_up", "1 while Redis answers").set(Number(situation.redisUp));
  const depth = gauge("queue_depth", "Open work in PostgreSQL", "queue");
  const oldest = gauge("queue_oldest_seconds", "Age of the oldest open work", "queue");
  for (const { queue, size, oldestSeconds } of situation.queues) {
    depth.set({ queue }, size);
    oldest.set({ queue }, oldestSeconds);
  }
  const wakeUps = gauge("bull_waiting", "Wake-ups in Bull that nobody has taken yet", "queue");
  for (const { queue, waiting } of situation.wakeUps) wakeUps.set({ queue }, waiting);
  const parked = gauge("parked", "Work that was given up and can be replayed", "kind");
  for (const { kind, count } of situation.parked) parked.set({ kind }, count);
  const held = gauge("origins_on_hold", "Origins that must not be called now", "state");
  if (situation.originsOnHold !== null) held.set({ state: "held" }, situation.originsOnHold);
  const processes = gauge("processes", "Live processes", "role");
  for (const [role, count] of Object.entries(situation.processes)) processes.set({ role }, count);
  return registers[0].metrics();
}
