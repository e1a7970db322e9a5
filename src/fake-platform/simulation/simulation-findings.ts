import type { ClientFindings } from "./client-simulator.ts";
import type { AccountStats } from "./driver.ts";

/** What a simulation found, over all clients. */
export type SimulationFindings = {
  readonly clients: number;
  readonly finished: number;
  readonly orders: number;
  readonly messages: number;
  readonly replies: number;
  /** Second replies to one message. */
  readonly duplicates: number;
  readonly missing: number;
  /** Replies that do not belong to the step at which they came. */
  readonly orderViolations: number;
  readonly unacknowledged: number;
  /** Messages to clients who are not part of the simulation; not a fault of it by themselves. */
  readonly strays: number;
  /** Calls over the limit during the run, by the platform's clock. */
  readonly rateViolations: number;
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly accounts: readonly AccountStats[];
  /** The first of them, without message text. */
  readonly problems: readonly string[];
  /** True when every client ordered and nothing at all was wrong. */
  readonly faultless: boolean;
};

const PROBLEMS_MAX = 50;

/** Adds up what the clients found; the platform's figures from before the run are taken off. */
export function summarize(run: {
  readonly clients: readonly ClientFindings[];
  readonly strays: number;
  readonly before: readonly AccountStats[];
  readonly after: readonly AccountStats[];
}): SimulationFindings {
  const { clients, strays, before, after } = run;
  const sum = (read: (client: ClientFindings) => number) =>
    clients.reduce((total, client) => total + read(client), 0);
  const counts = {
    clients: clients.length,
    finished: clients.filter((client) => client.finished).length,
    orders: sum((client) => client.orders),
    messages: sum((client) => client.messages),
    replies: sum((client) => client.replies),
    duplicates: sum((client) => client.duplicates),
    missing: sum((client) => client.missing),
    orderViolations: sum((client) => client.orderViolations),
    unacknowledged: sum((client) => client.unacknowledged),
    rateViolations: violationsOf(after) - violationsOf(before),
  };
  return {
    ...counts,
    strays,
    latencyMs: latencyOf(clients.flatMap((client) => client.latenciesMs)),
    accounts: after,
    problems: clients.flatMap((client) => client.problems).slice(0, PROBLEMS_MAX),
    faultless: isFaultless(counts),
  };
}

function isFaultless(
  counts: Omit<SimulationFindings, "strays" | "latencyMs" | "accounts" | "problems" | "faultless">,
): boolean {
  const { duplicates, missing, orderViolations, unacknowledged, rateViolations } = counts;
  const wrong = duplicates + missing + orderViolations + unacknowledged + rateViolations;
  const complete = counts.finished === counts.clients && counts.orders === counts.clients;
  return wrong === 0 && complete && counts.replies === counts.messages;
}

function violationsOf(accounts: readonly AccountStats[]): number {
  return accounts.reduce((total, account) => total + account.violations, 0);
}

function latencyOf(latenciesMs: readonly number[]): SimulationFindings["latencyMs"] {
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
