import { Counter, Histogram, Registry } from "prom-client";

/** Seconds; from a tenth of a millisecond to the longest send. */
const latencyBuckets = [
  0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];
const waitBuckets = [...latencyBuckets, 60, 300];

export type Metrics = ReturnType<typeof createMetrics>;

/**
 * What one process counts. Labels are closed sets, never ids of customers. Lag is from the webhook's arrival to the commit of what
 * it changed; limiter wait from the commit of a message to its first grant.
 */
export function createMetrics() {
  const registry = new Registry();
  return { registry, ...countersOf(registry), ...histogramsOf(registry) };
}

function countersOf(registry: Registry) {
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Counter({ name: `hookdesk_${name}_total`, help, labelNames, registers });
  return {
    accepted: counter("events_accepted", "Events stored in the journal", "channel"),
    duplicates: counter("events_duplicate", "Copies absorbed", "channel"),
    ignored: counter("events_ignored", "Events kept but not applied", "channel", "reason"),
    refused: counter("webhooks_refused", "Webhooks answered with an error", "status"),
    applied: counter("events_applied", "Events applied"),
    verdicts: counter("lane_verdicts", "Ends of decided lanes", "verdict"),
    parkedEvents: counter("events_parked", "Events set aside after their last attempt"),
    sends: counter("sends", "Attempts by their end", "outcome"),
    parkedDeliveries: counter("deliveries_parked", "Deliveries given up"),
    mediaDownloads: counter("media_downloads", "Attempts to fetch a message's file, by end", "end"),
    grantsExpired: counter("grants_expired", "Slots that died before their call could begin"),
  };
}

function histogramsOf(registry: Registry) {
  const registers = [registry];
  const histogram = (name: string, help: string, buckets = latencyBuckets) =>
    new Histogram({ name: `hookdesk_${name}_seconds`, help, buckets, registers });
  return {
    ackSeconds: histogram("ack", "Webhook to answer"),
    laneLagSeconds: histogram("lane_lag", "Webhook to commit"),
    decideSeconds: histogram("decide", "Deciding a group of lanes"),
    commitSeconds: histogram("commit", "Committing a group of lanes"),
    sendSeconds: histogram("send", "One call to a channel"),
    deliverySeconds: histogram("delivery", "Commit of a message to the platform's answer"),
    limiterWaitSeconds: histogram("limiter_wait", "Commit of a message to its grant", waitBuckets),
  };
}
