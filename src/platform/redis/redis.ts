import { Redis } from "ioredis";
import { describeError } from "../../core/errors.ts";
import type { Logger } from "../telemetry/logger.ts";

/** Longest pause between two tries to reach Redis, ms: work resumes within it when Redis returns. */
const reconnectMsMax = 1_000;
/** Longest time of one command, ms; Redis is only ever a hint, so nobody waits longer for it. */
const commandTimeoutMs = 3_000;

/** A Lua script with a name for people; it gets one key, the prefix of all it touches. */
export type Script = { readonly name: string; readonly source: string };

/**
 * One connection to Redis for commands and scripts. Fails at once while Redis is away (no queue of commands that would run
 * late), reconnects for ever, and tells the server's run id, which changes with every start of Redis.
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
  readonly close: () => void;
};

const digests = new WeakMap<Script, string>();

function digestOf(script: Script): string {
  const known = digests.get(script);
  if (known !== undefined) return known;
  const digest = new Bun.CryptoHasher("sha1").update(script.source).digest("hex");
  digests.set(script, digest);
  return digest;
}

export function createRedis(url: string, name: string, logger: Logger): RedisClient {
  const raw = new Redis(url, {
    connectionName: name,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    enableAutoPipelining: true,
    commandTimeout: commandTimeoutMs,
    retryStrategy: reconnectDelay,
  });
  let runId: string | null = null;
  let complained = false;
  raw.on("error", (error) => {
    if (!complained) logger.warn("redis is away", { error: describeError(error) });
    complained = true;
  });
  raw.on("close", () => {
    runId = null;
  });
  raw.on("ready", () => {
    if (complained) logger.info("redis is back");
    complained = false;
    raw.info("server").then(
      (text) => {
        runId = /run_id:(\w+)/.exec(text)?.[1] ?? null;
      },
      () => undefined,
    );
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
    runId: () => runId,
    run,
    close: () => raw.disconnect(),
  };
}

/** 50, 100, 150 … ms, never more than a second. */
export function reconnectDelay(times: number): number {
  return Math.min(times * 50, reconnectMsMax);
}
