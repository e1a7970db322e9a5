import type { TicketQueue } from "../../src/platform/queue/tickets.ts";
import type { Logger } from "../../src/platform/telemetry/logger.ts";
import { createMetrics } from "../../src/platform/telemetry/metrics.ts";
import { createTables, type Tables } from "../support/fakes/tables.ts";
import { createTicketBoard, type TicketSeat } from "../support/fakes/tickets.ts";
import { createLink, type Link, type LinkFaults } from "../support/simulation/link.ts";
import { createWorld, type Process, type World } from "../support/simulation/world.ts";
import { releaseNemesis } from "./nemesis.ts";
import { createRedisServer, type RedisConnection, type RedisData } from "./redis-server.ts";
import { createSupervisor } from "./supervisor.ts";
import { drawTemper, type Temper } from "./temper.ts";

/** What one process has to speak with: its connections, which die with it. */
export type Seat = {
  readonly process: Process;
  readonly postgres: Link;
  readonly redis: Link;
  /** The run id of the Redis behind the connection; null until it is known. */
  readonly runId: () => string | null;
  readonly tickets: (queue: "messages" | "outbox") => TicketQueue;
};

/** Where processes of Hookdesk run: one PostgreSQL, one Redis, and what goes wrong with them. */
export type Stage = {
  readonly world: World;
  readonly temper: Temper;
  readonly tables: Tables;
  readonly redis: () => RedisData;
  /** Redis's clock, ms. */
  readonly redisNow: () => number;
  /** Keeps a process running: it is begun again a while after it died. */
  readonly keep: (name: string, begin: (seat: Seat) => void) => void;
  /** Whether nothing goes wrong any more. */
  readonly isQuiet: () => boolean;
  /** Empties Redis, perhaps, within the next ms: called where that hurts most. */
  readonly flushSoon: () => void;
  /** Whether a misfortune of this probability happens now. */
  readonly chance: (probability: number) => boolean;
};

const epochMs = 1_790_000_000_000;
/** How far the clocks of PostgreSQL and Redis are apart, at most, ms. */
const skewMsMax = 7_200_000;
const ticketMs = 3;
const doubledMs = 50;
const flushSoonMs = 12;

export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  debugs: false,
};

/** Numbers are counted once for all runs: nobody reads them here. */
export const metrics = createMetrics();

/** Sets the stage for one seed; what goes wrong is drawn from it unless it is given. */
export function createStage(seed: number, label: string, given?: Temper): Stage {
  const world = createWorld(seed, label);
  const { random } = world;
  const temper = given ?? drawTemper(random);
  const clock = () => {
    const startMs = epochMs + random.int(skewMsMax);
    return () => startMs + world.now();
  };
  const tables = createTables(clock());
  const redis = createRedisServer(world);
  const supervisor = createSupervisor(world);
  let postgresUpAt = 0;
  const isQuiet = (): boolean => world.now() >= temper.quietAtMs;
  const chance = (probability: number): boolean => !isQuiet() && random.chance(probability);
  const boards = {
    messages: createTicketBoard({ data: () => redis.data().tickets.messages, choose: random.int }),
    outbox: createTicketBoard({ data: () => redis.data().tickets.outbox, choose: random.int }),
  };
  const postgres = { isUp: () => postgresUpAt <= world.now(), epoch: () => 0 };
  const faults = (): LinkFaults | null => (isQuiet() ? null : temper.link);

  const ticketSeat = (process: Process, connection: RedisConnection): TicketSeat => ({
    isAlive: process.isAlive,
    post: (arrive) => {
      if (!process.isAlive() || !connection.isUp() || chance(temper.lostTickets)) return;
      world.after(random.int(ticketMs), arrive);
      if (chance(temper.lostTickets)) world.after(random.int(doubledMs), arrive);
    },
    hand: (take) => void world.after(random.int(ticketMs), take, process),
  });

  const seatOf = (process: Process): Seat => {
    const connection = redis.connect(process);
    return {
      process,
      redis: createLink({ world, process, server: connection, faults }),
      postgres: createLink({ world, process, server: postgres, faults }),
      runId: connection.runId,
      tickets: (queue) => boards[queue](ticketSeat(process, connection)),
    };
  };

  const stopPostgres = (ms: number): void => {
    postgresUpAt = world.now() + ms;
  };
  releaseNemesis({ world, temper, redis, supervisor, stopPostgres });
  return {
    world,
    temper,
    tables,
    redis: redis.data,
    redisNow: clock(),
    keep: (name, begin) => supervisor.keep(name, (process) => begin(seatOf(process))),
    isQuiet,
    chance,
    flushSoon: () => {
      if (chance(temper.flushSoon)) world.after(random.int(flushSoonMs), redis.flush);
    },
  };
}
