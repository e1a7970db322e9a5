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
    queueDepth: new Gauge({
      name: "hookdesk_queue_depth",
      help: "Open work in PostgreSQL",
      labelNames: ["queue"],
      registers,
      aggregator: "max",
    }),
    queueOldestSeconds: new Gauge({
      name: "hookdesk_queue_oldest_seconds",
      help: "Age of the oldest open work",
      labelNames: ["queue"],
      registers,
      aggregator: "max",
    }),
  };
}

/** What one process publishes for the others. */
export async function exportMetrics(metrics: Metrics): Promise<string> {
  return JSON.stringify(await metrics.registry.getMetricsAsJSON());
}

/** Prometheus text over the exports of all processes. */
export async function aggregateMetrics(exports: readonly string[]): Promise<string> {
  return AggregatorRegistry.aggregate(exports.map((text) => JSON.parse(text))).metrics();
}
