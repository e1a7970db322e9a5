import { Worker } from "node:worker_threads";
import { periodic, type Service } from "../../core/service.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Watch } from "./watch.ts";

/**
 * Ends the process when its event loop stands still, so that its supervisor starts another one. Others take over its leases all the
 * same; but its port, its connections and the calls that it began would stay with somebody who does nothing.
 *
 *   event loop ──beats──▶ counter ◀──looks── thread ──unmoved for so many looks──▶ SIGKILL
 *
 * The thread counts its own looks and asks no clock: while the process was stopped nobody looked, and a clock that jumps changes
 * nothing. It does not keep the process alive; where it cannot run, the process works without it and says so.
 */
export function createWatchdog(logger: Logger, blockedMsMax = blockedMsMaxDefault): Service {
  const beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  let thread: Worker | null = null;
  const heart = periodic({
    name: "heart",
    pauseMs: beatMs,
    onError: () => undefined,
    run: async () => {
      Atomics.add(beats, 0, 1);
      return undefined;
    },
  });

  return {
    name: "watchdog",
    start: async () => {
      if (thread !== null) return;
      await heart.start();
      const watch: Watch = { beats, lookMs: beatMs, looksMax: Math.ceil(blockedMsMax / beatMs) };
      thread = new Worker(new URL("./thread.ts", import.meta.url), { workerData: watch });
      thread.unref();
      thread.once("error", () => logger.warn("nobody watches the event loop: no thread"));
    },
    stop: async () => {
      await heart.stop();
      await thread?.terminate();
      thread = null;
    },
  };
}

/** Longer than any piece of work may hold the loop, shorter than the lease of a lane (6 s). */
const blockedMsMaxDefault = 5_000;
const beatMs = 250;
