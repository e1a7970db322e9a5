import { AggregatorRegistry, type Registry } from "prom-client";
import type { Metrics } from "./metrics.ts";

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
