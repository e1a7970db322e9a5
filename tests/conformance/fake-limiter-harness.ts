import { createFakeLimiter } from "../support/fakes/limiter.ts";
import { emptyLimiterData } from "../support/fakes/limiter-data.ts";
import { type LimiterHarness, longMs } from "./limiter-harness.ts";

/** The limiter in memory, with a clock that goes on by a ms at every look. */
export async function openFakeLimiter(): Promise<LimiterHarness> {
  const data = emptyLimiterData();
  let now = 1_000_000;
  return {
    limiter: createFakeLimiter({
      data: () => data,
      now: () => (now += 1),
      runId: () => "run",
      leaseMs: longMs,
      call: (script) => script(),
    }),
    warm: async () => {
      data.warm = "run";
    },
    hasten: async (conversation) => {
      if (data.due.has(`l:${conversation}`)) data.due.set(`l:${conversation}`, 0);
    },
    lose: async (key) => {
      if (key === "ring") data.ring.length = 0;
      else data[key].clear();
    },
    close: async () => undefined,
  };
}
