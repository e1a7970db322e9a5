import { write } from "node:fs";
import { workerData } from "node:worker_threads";
import { systemClock } from "../../core/clock.ts";
import { pause } from "../../core/deadline.ts";
import { periodic } from "../../core/service.ts";
import { createLook, type Watch } from "./watch.ts";

/** The watchdog's thread, see watchdog.ts: the entry of a program of its own, which shares one counter with the process. */
const watch: Watch = workerData;
const standsStill = createLook(watch);
const lastWordsMs = 200;
const standardOutput = 1;

await periodic({
  name: "watchdog",
  pauseMs: watch.lookMs,
  onError: () => undefined,
  run: async () => {
    if (standsStill()) await end();
    return undefined;
  },
}).start();

/** Nobody but this thread can say why; but a log that nobody reads may not keep it from its work. */
async function end(): Promise<void> {
  const line = JSON.stringify({
    level: "error",
    message: "the event loop stood still: this process ends itself",
    pid: process.pid,
    timestamp: new Date(systemClock.now()).toISOString(),
  });
  const said = new Promise((resolve) => write(standardOutput, `${line}\n`, resolve));
  await Promise.race([said, pause(lastWordsMs)]);
  process.kill(process.pid, "SIGKILL");
}
