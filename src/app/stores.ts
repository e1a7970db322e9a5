import { createDatabase, type Database } from "../platform/postgres/database.ts";
import { createTicketQueue, type QueueName, type TicketQueue } from "../platform/queue/tickets.ts";
import type { Foundation } from "./foundation.ts";
import type { Prepared } from "./prepare.ts";

/** The connections of one process to PostgreSQL and Bull. Each pool fails for itself. */
export type AppStores = {
  /** For the webhooks' way in. */
  readonly ingress: Database;
  /** For workers, senders and keepers. */
  readonly work: Database;
  /** For what may take long and happens seldom; nobody waits for it. */
  readonly upkeep: Database;
  /** For `/health` alone. */
  readonly health: Database;
  readonly messages: TicketQueue;
  readonly outbox: TicketQueue;
  /** Where the lanes are in Redis; one shard, whose hash tag keeps it in one slot. */
  readonly lanePrefix: string;
  readonly outboxPrefix: string;
  readonly closeQueues: () => Promise<void>;
  readonly closeDatabases: () => Promise<void>;
};

/** Longest statement of the webhook's way in, ms: the platform gets its 503 within a second. */
const ingressStatementMs = 700;
/** Longest statement of workers and senders, ms. */
const workStatementMs = 5_000;
const healthStatementMs = 2_000;
/** Longest statement of upkeep, ms: long transactions keep dead rows of the small, busy tables. */
const upkeepStatementMs = 60_000;
const ingressConnections = 4;
const workConnections = 8;

/** Makes the stores; PostgreSQL is connected to when the first statement needs it, Redis at once. */
export function createAppStores(foundation: Foundation, { restricted }: Prepared): AppStores {
  const { config, logger } = foundation;
  const pool = (name: string, connectionsMax: number, statementTimeoutMs: number): Database =>
    createDatabase({
      url: config.databaseUrl,
      name: `hookdesk-${name}`,
      connectionsMax,
      statementTimeoutMs,
      restricted,
      logger,
    });
  const queue = (name: QueueName, shard: string): TicketQueue =>
    createTicketQueue({
      name,
      url: config.redisUrl,
      prefix: `${config.redisPrefix}:{${shard}}:bull`,
      logger,
    });
  const ingress = pool("ingress", ingressConnections, ingressStatementMs);
  const work = pool("work", workConnections, workStatementMs);
  const health = pool("health", 1, healthStatementMs);
  const upkeep = pool("upkeep", 1, upkeepStatementMs);
  const messages = queue("messages", "s0");
  const outbox = queue("outbox", "o0");
  return {
    ingress,
    work,
    upkeep,
    health,
    messages,
    outbox,
    lanePrefix: `${config.redisPrefix}:{s0}:`,
    outboxPrefix: `${config.redisPrefix}:{o0}:`,
    closeQueues: async () => {
      await Promise.all([messages.close(), outbox.close()]);
    },
    closeDatabases: async () => {
      await Promise.all([ingress.close(), work.close(), upkeep.close(), health.close()]);
    },
  };
}
