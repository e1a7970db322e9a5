import { Redis } from "ioredis";
import { pause } from "../../core/deadline.ts";
import { describeError } from "../../core/errors.ts";
import type { Logger } from "../telemetry/logger.ts";

/** Longest pause between two tries to reach Redis, ms: work resumes within it when Redis returns. */
const reconnectMsMax = 1_000;
/** Longest time of one command, ms; Redis is only ever a hint, so nobody waits longer for it. */
const commandTimeoutMs = 3_000;

/** A Lua script with a name for people; it gets one key, the prefix of all it touches. */
export type Script = { readonly name: string; readonly source: string };

/** Longest time of making a connection, ms: what drops packets must not be waited for when the next try may succeed. */
export const connectTimeoutMs = 2_000;
/** How soon the run id is asked for again when the question was not answered, ms. */
const runIdRetryMs = 200;

/**
 * One connection to Redis for commands and scripts.
 *
 *   away ──reconnect, every second at least──▶ ready (run id unknown) ──INFO──▶ ready (run id known)
 *     ▲                                           │                               │
 *     └────────────── connection lost ────────────┴───────────────────────────────┘
 *
 * Fails at once while Redis is away: a queue of commands would run late. The run id changes with every start of Redis.
 */
export type RedisClient = {
  readonly raw: Redis;
  readonly ready: () => boolean;
  /** Run id of the server behind this connection; null while it is away. */
  readonly runId: () => string | null;
  /** Runs a script with one key (the shard's prefix); rejects when Redis is away. */
  readonly run: (
    script: Script,
    prefix: string,
    args: readonly (string | number)[],
  ) => Promise<unknown>;
  /** Drops a connection that looks alive but answers nothing, and makes a new one. */
  readonly reconnect: () => void;
  readonly close: () => void;
};

/** What a walk over open work needs of Redis: which one it is, and a mark that says that the walk was here. */
export type MarkedRedis = Pick<RedisClient, "runId"> & {
  readonly raw: {
    readonly get: (key: string) => Promise<string | null>;
    readonly set: (key: string, value: string) => Promise<unknown>;
  };
};

const digests = new WeakMap<Script, string>();

function digestOf(script: Script): string {
  const known = digests.get(script);
  if (known !== undefined) return known;
  const digest = new Bun.CryptoHasher("sha1").update(script.source).digest("hex");
  digests.set(script, digest);
  return digest;
}

/** Makes a client and begins to connect; it goes on trying until `close`. */
export function createRedis(url: string, name: string, logger: Logger): RedisClient {
  const raw = new Redis(url, {
    connectionName: name,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    enableAutoPipelining: true,
    commandTimeout: commandTimeoutMs,
    connectTimeout: connectTimeoutMs,
    retryStrategy: reconnectDelay,
  });
  const runId = keepRunId(raw);
  let complained = false;
  raw.on("error", (error) => {
    if (!complained) logger.warn("redis is away", { error: describeError(error) });
    complained = true;
  });
  raw.on("ready", () => {
    if (complained) logger.info("redis is back");
    complained = false;
  });
  const run: RedisClient["run"] = async (script, prefix, args) => {
    const digest = digestOf(script);
    try {
      return await raw.evalsha(digest, 1, prefix, ...args);
    } catch (error) {
      // A Redis that is new or was emptied has not seen the script yet.
      if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
      return raw.eval(script.source, 1, prefix, ...args);
    }
  };
  return {
    raw,
    ready: () => raw.status === "ready",
    runId,
    run,
    reconnect: () => {
      if (raw.status === "ready") raw.disconnect(true);
    },
    close: () => raw.disconnect(),
  };
}

/** Learns the run id on every connection; asks again until it is answered, because nothing is sent without it. */
function keepRunId(raw: Redis): () => string | null {
  let runId: string | null = null;
  let connections = 0;
  const learn = async (connection: number): Promise<void> => {
    while (connection === connections && raw.status === "ready") {
      const text = await raw.info("server").catch(() => "");
      if (connection !== connections) return;
      runId = /run_id:(\w+)/.exec(text)?.[1] ?? null;
      if (runId !== null) return;
      await pause(runIdRetryMs);
    }
  };
  raw.on("close", () => {
    connections += 1;
    runId = null;
  });
  raw.on("ready", () => void learn(connections));
  return () => runId;
}

/** 50, 100, 150 … ms, never more than a second. */
export function reconnectDelay(times: number): number {
  return Math.min(times * 50, reconnectMsMax);
}
