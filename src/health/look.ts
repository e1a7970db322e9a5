import { within } from "../core/deadline.ts";
import { describeError } from "../core/errors.ts";
import type { Database } from "../platform/postgres/database.ts";
import type { TicketQueue } from "../platform/queue/tickets.ts";
import type { RedisClient } from "../platform/redis/redis.ts";
import { askPostgres, type OpenWork, readOpenWork } from "./open-work.ts";
import type { Roster } from "./roster.ts";
import { unsafePostgres, unsafeRedis, type Warning } from "./settings.ts";

/** One look at everything the pipeline needs. Every part of it ends in a bounded time and none fails another. */
export type Seen = {
  readonly postgres:
    | { readonly state: "answers" | "unprepared" }
    | { readonly state: "away"; readonly error: string };
  /** Null when Redis can be used, else why not. */
  readonly redis: string | null;
  /** Null while PostgreSQL does not tell. */
  readonly work: OpenWork | null;
  /** Live processes by role; null while Redis cannot be used. */
  readonly processes: Readonly<Record<string, number>> | null;
  /** Bull's own counts; null while it cannot be asked. */
  readonly wakeUps: { readonly messages: number | null; readonly outbox: number | null };
  readonly warnings: readonly Warning[];
};

/** What exists once PostgreSQL is prepared. */
export type Stores = {
  /** A pool of its own: work that holds all other connections must not look like an outage. */
  readonly database: Database;
  readonly messages: TicketQueue;
  readonly outbox: TicketQueue;
  /** What was found at the start and stays true. */
  readonly warnings: readonly Warning[];
};

export type LookParts = {
  readonly redis: RedisClient;
  readonly roster: Roster;
  readonly stores: () => Stores | null;
};

/** A part of the look that takes longer counts as no answer, ms. */
const lookMs = 2_000;

/** Looks at everything at once. Never rejects. */
export async function look(parts: LookParts): Promise<Seen> {
  const stores = parts.stores();
  const redis = await reachRedis(parts);
  const [seen, processes, redisWarnings] = await Promise.all([
    stores === null ? unprepared : lookAtStores(stores),
    redis === null ? parts.roster.counts() : null,
    redis === null ? orNothing(unsafeRedis(parts.redis)) : [],
  ]);
  return { ...seen, redis, processes, warnings: [...seen.warnings, ...redisWarnings] };
}

type SeenInStores = Pick<Seen, "postgres" | "work" | "wakeUps" | "warnings">;

const unprepared: SeenInStores = {
  postgres: { state: "unprepared" },
  work: null,
  wakeUps: { messages: null, outbox: null },
  warnings: [],
};

async function lookAtStores(stores: Stores): Promise<SeenInStores> {
  const [postgres, messages, outbox] = await Promise.all([
    lookAtPostgres(stores.database),
    stores.messages.waiting(),
    stores.outbox.waiting(),
  ]);
  return {
    postgres: postgres.postgres,
    work: postgres.work,
    wakeUps: { messages, outbox },
    warnings: [...stores.warnings, ...postgres.warnings],
  };
}

async function lookAtPostgres(
  database: Database,
): Promise<Pick<Seen, "postgres" | "work" | "warnings">> {
  try {
    await within(askPostgres(database), lookMs, "PostgreSQL");
  } catch (error) {
    return { postgres: { state: "away", error: describeError(error) }, work: null, warnings: [] };
  }
  const [work, warnings] = await Promise.all([
    within(readOpenWork(database), lookMs, "the open work").catch(() => null),
    orNothing(unsafePostgres(database)),
  ]);
  return { postgres: { state: "answers" }, work, warnings };
}

/** Null when Redis answers and takes what the processes write. */
async function reachRedis({ redis, roster }: LookParts): Promise<string | null> {
  try {
    await within(redis.raw.ping(), lookMs, "Redis");
    return roster.refused();
  } catch (error) {
    return describeError(error);
  }
}

function orNothing(warnings: Promise<readonly Warning[]>): Promise<readonly Warning[]> {
  return within(warnings, lookMs, "the settings").catch(() => []);
}
