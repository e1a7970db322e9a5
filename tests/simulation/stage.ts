import type { TicketQueue } from "../../src/platform/queue/tickets.ts";
import type { Logger } from "../../src/platform/telemetry/logger.ts";
import { createMetrics } from "../../src/platform/telemetry/metrics.ts";
import { emptyLaneData, type LaneData, loseLaneKey } from "../support/fakes/lane-data.ts";
import { emptyLimiterData, type LimiterData } from "../support/fakes/limiter-data.ts";
import { createTables, type Tables } from "../support/fakes/tables.ts";
import { createTicketBoard, type TicketData, type TicketSeat } from "../support/fakes/tickets.ts";
import { createLink, type Link, type LinkFaults } from "../support/simulation/link.ts";
import { createWorld, type Process, type World } from "../support/simulation/world.ts";
import { drawTemper, type Temper } from "./temper.ts";

/** Everything that Redis holds. */
export type RedisData = {
  readonly lanes: LaneData;
  readonly limiter: LimiterData;
  readonly marks: Map<string, string>;
  readonly tickets: Readonly<Record<"messages" | "outbox", TicketData>>;
};

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
  /** What went wrong so far that may cut work short. */
  readonly misfortunes: () => number;
  readonly losses: () => number;
  /** Whether nothing goes wrong any more. */
  readonly isQuiet: () => boolean;
};

const supervisedEveryMs = 50;
const rebornMsMax = 400;
const reconnectMsMax = 1_000;
const copiedMsMax = 1_500;
const clockOffsetMs = 1_790_000_000_000;
const skewMsMax = 7_200_000;

export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  debugs: false,
};

/** Numbers are counted once for all runs: nobody reads them here. */
export const metrics = createMetrics();

type Kept = {
  readonly name: string;
  readonly begin: (seat: Seat) => void;
  process: Process | null;
};
type Connection = { readonly process: Process; epoch: number };

export function emptyRedis(): RedisData {
  return {
    lanes: emptyLaneData(),
    limiter: emptyLimiterData(),
    marks: new Map(),
    tickets: { messages: { waiting: 0 }, outbox: { waiting: 0 } },
  };
}

/** Sets the stage for one seed; what goes wrong is drawn from it unless it is given. */
export function createStage(seed: number, label: string, given?: Temper): Stage {
  const world = createWorld(seed, label);
  const { random } = world;
  const temper = given ?? drawTemper(random);
  const skews = [random.int(skewMsMax), random.int(skewMsMax)] as const;
  const tables = createTables(() => clockOffsetMs + skews[0] + world.now());
  let redis = emptyRedis();
  let older: RedisData | null = null;
  let redisEpoch = 1;
  let redisUpAt = 0;
  let postgresUpAt = 0;
  let misfortunes = 0;
  let losses = 0;
  const kept: Kept[] = [];
  const connections = new Set<Connection>();
  const isQuiet = (): boolean => world.now() >= temper.quietAtMs;

  const faults = (): LinkFaults | null => {
    if (isQuiet() || temper.link === null) return null;
    return temper.link;
  };
  const boards = {
    messages: createTicketBoard({ data: () => redis.tickets.messages, choose: random.int }),
    outbox: createTicketBoard({ data: () => redis.tickets.outbox, choose: random.int }),
  };

  const connect = (connection: Connection, ms: number): void => {
    world.after(
      ms,
      () => {
        if (redisUpAt <= world.now()) connection.epoch = redisEpoch;
        else connect(connection, random.int(reconnectMsMax));
      },
      connection.process,
    );
  };

  const seatOf = (process: Process): Seat => {
    const connection: Connection = { process, epoch: redisEpoch };
    connections.add(connection);
    const isConnected = () => connection.epoch === redisEpoch && redisUpAt <= world.now();
    const counted = (): LinkFaults | null => faults();
    const redisLink = createLink({
      world,
      process,
      server: { isUp: isConnected, epoch: () => redisEpoch },
      faults: counted,
    });
    const ticketSeat: TicketSeat = {
      isAlive: process.isAlive,
      post: (arrive) => {
        const lost = !isConnected() || (!isQuiet() && random.chance(temper.lostTickets));
        if (!process.isAlive() || lost) return;
        world.after(random.int(3), arrive);
        if (!isQuiet() && random.chance(temper.lostTickets)) world.after(random.int(50), arrive);
      },
      hand: (take) => void world.after(random.int(3), take, process),
    };
    return {
      process,
      redis: redisLink,
      postgres: createLink({
        world,
        process,
        server: { isUp: () => postgresUpAt <= world.now(), epoch: () => 0 },
        faults: counted,
      }),
      runId: () => (isConnected() ? `run${redisEpoch}` : null),
      tickets: (queue) => boards[queue](ticketSeat),
    };
  };

  const raise = (one: Kept): void => {
    const process: Process = world.launch(one.name, () => one.begin(seatOf(process)));
    one.process = process;
  };

  const supervise = (): void => {
    for (const one of kept) {
      if (one.process === null || one.process.isAlive()) continue;
      misfortunes += 1;
      one.process = null;
      world.after(random.int(rebornMsMax), () => raise(one));
    }
    world.after(supervisedEveryMs, supervise);
  };

  const restartRedis = (data: RedisData): void => {
    redis = data;
    redisEpoch += 1;
    losses += 1;
    redisUpAt = world.now() + random.int(1_000);
    for (const connection of connections) {
      if (connection.process.isAlive()) connect(connection, random.int(reconnectMsMax));
      else connections.delete(connection);
    }
  };

  const anyProcess = (): Process | null => {
    const living = kept.flatMap(({ process }) => (process?.isAlive() === true ? [process] : []));
    return living[random.int(living.length)] ?? null;
  };

  const flush = (): void => {
    redis = emptyRedis();
    losses += 1;
  };

  /** Redis writes its data down now and then; after a crash it comes back with what it wrote last. */
  const copy = (): void => {
    if (isQuiet()) return;
    older = structuredClone(redis);
    world.after(random.int(copiedMsMax), copy);
  };

  const strike = (): void => {
    if (isQuiet()) return;
    misfortunes += 1;
    const victim = anyProcess();
    const what = random.pick(temper.strikes);
    world.note(() => `${what}, ${victim?.name ?? "nobody"}`);
    switch (what) {
      case "kill":
        if (victim !== null) world.kill(victim);
        return;
      case "pause":
        if (victim !== null) world.pause(victim, random.pick([20, 300, 1_500, 4_000, 9_000]));
        return;
      case "flush":
        flush();
        if (random.chance(0.4)) world.after(random.int(400), flush);
        return;
      case "restart_empty":
        return restartRedis(emptyRedis());
      case "restart_older":
        return restartRedis(older === null ? emptyRedis() : structuredClone(older));
      case "evict":
        return loseLaneKey(redis.lanes, random.int);
      case "postgres_away":
        postgresUpAt = world.now() + random.int(3_000);
        return;
      case "redis_away":
        redisUpAt = world.now() + random.int(3_000);
        return;
    }
  };

  world.after(supervisedEveryMs, supervise);
  if (temper.strikes.includes("restart_older")) copy();
  for (let count = 0; count < temper.strikeCount; count += 1)
    world.after(random.int(temper.quietAtMs), strike);

  return {
    world,
    temper,
    tables,
    redis: () => redis,
    redisNow: () => clockOffsetMs + skews[1] + world.now(),
    keep: (name, begin) => {
      const one: Kept = { name, begin, process: null };
      kept.push(one);
      raise(one);
    },
    misfortunes: () => misfortunes,
    losses: () => losses,
    isQuiet,
  };
}
