import type { Clock } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import type { Logger } from "../platform/telemetry/logger.ts";

/** In an outage there is one line about all its webhooks this often, ms: a log that is flooded helps nobody. */
const everyMs = 5_000;

/** Makes the note of webhooks that could not be stored: the first at once, those that follow soon after it with the next line. */
export function createUnstoredNote(
  logger: Logger,
  clock: Clock,
): (origin: number, error: unknown) => void {
  let lastAt = Number.NEGATIVE_INFINITY;
  let unsaid = 0;
  return (origin, error) => {
    unsaid += 1;
    if (clock.monotonic() - lastAt < everyMs) return;
    lastAt = clock.monotonic();
    logger.warn("webhooks could not be stored", {
      webhooks: unsaid,
      origin,
      error: describeError(error),
    });
    unsaid = 0;
  };
}
