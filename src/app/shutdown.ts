import { systemClock } from "../core/clock.ts";
import { within } from "../core/deadline.ts";
import { describeError } from "../core/errors.ts";
import type { Logger } from "../platform/telemetry/logger.ts";

/** One step of stopping; what is not done in time is left to leases and sweepers of the other processes. */
export type StopStep = {
  readonly name: string;
  /** What must be left of the time for the steps that follow, ms; this one may use all the rest. */
  readonly reserveMs: number;
  readonly run: () => Promise<unknown>;
};

/** All steps together end within this, ms. */
const stopMsMax = 11_500;

/** Takes the steps one after another, each within its time, whether or not the one before succeeded. Never rejects. */
export async function stopInSteps(steps: Iterable<StopStep>, logger: Logger): Promise<void> {
  const until = systemClock.monotonic() + stopMsMax;
  for (const step of steps) {
    const limitMs = Math.max(0, until - systemClock.monotonic() - step.reserveMs);
    try {
      await within(step.run(), limitMs, step.name);
    } catch (error) {
      logger.warn("stopped without an orderly end", {
        step: step.name,
        error: describeError(error),
      });
    }
  }
}
