import { emptyLaneData, type LaneData } from "../support/fakes/lane-data.ts";
import { emptyLimiterData, type LimiterData } from "../support/fakes/limiter-data.ts";
import type { TicketData } from "../support/fakes/tickets.ts";
import type { Server } from "../support/simulation/link.ts";
import type { Process, World } from "../support/simulation/world.ts";

/** Everything that Redis holds. */
export type RedisData = {
  readonly lanes: LaneData;
  readonly limiter: LimiterData;
  readonly marks: Map<string, string>;
  readonly tickets: Readonly<Record<"messages" | "outbox", TicketData>>;
};

/**
 * One Redis, which may go away, be emptied, or come back with nothing or with what it wrote down a while ago. A restart breaks all
 * connections; each process makes its own anew, and learns with it which Redis it has.
 */
export type RedisServer = {
  readonly data: () => RedisData;
  /** Everything is gone; nobody notices. */
  readonly flush: () => void;
  readonly restart: (comesBack: "empty" | "older") => void;
  readonly goAway: (ms: number) => void;
  /** Begins to write the data down now and then, while `wanted`. */
  readonly copy: (wanted: () => boolean) => void;
  readonly connect: (process: Process) => RedisConnection;
};

export type RedisConnection = Server & { readonly runId: () => string | null };

type Connection = { readonly process: Process; epoch: number };

const reconnectMsMax = 1_000;
const restartMsMax = 1_000;
const copiedMsMax = 1_500;

function emptyRedis(): RedisData {
  return {
    lanes: emptyLaneData(),
    limiter: emptyLimiterData(),
    marks: new Map(),
    tickets: { messages: { waiting: 0 }, outbox: { waiting: 0 } },
  };
}

export function createRedisServer(world: World): RedisServer {
  const { random } = world;
  const connections = new Set<Connection>();
  let data = emptyRedis();
  let older = emptyRedis();
  let epoch = 1;
  let upAt = 0;
  const isUp = (): boolean => upAt <= world.now();

  const reconnect = (connection: Connection): void => {
    const look = (): void => {
      if (isUp()) connection.epoch = epoch;
      else reconnect(connection);
    };
    world.after(random.int(reconnectMsMax), look, connection.process);
  };

  const copy = (wanted: () => boolean): void => {
    if (!wanted()) return;
    older = structuredClone(data);
    world.after(random.int(copiedMsMax), () => copy(wanted));
  };

  return {
    data: () => data,
    flush: () => {
      data = emptyRedis();
    },
    restart: (comesBack) => {
      data = comesBack === "empty" ? emptyRedis() : structuredClone(older);
      epoch += 1;
      upAt = world.now() + random.int(restartMsMax);
      for (const connection of connections) {
        if (connection.process.isAlive()) reconnect(connection);
        else connections.delete(connection);
      }
    },
    goAway: (ms) => {
      upAt = world.now() + ms;
    },
    copy,
    connect: (process) => {
      const connection: Connection = { process, epoch };
      connections.add(connection);
      const isConnected = (): boolean => isUp() && connection.epoch === epoch;
      return {
        isUp: isConnected,
        epoch: () => epoch,
        runId: () => (isConnected() ? `run ${epoch}` : null),
      };
    },
  };
}
