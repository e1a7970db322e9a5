import type { FreshEvent } from "../journal/journal.ts";
import { grouped } from "../core/grouped.ts";
import type { Lanes } from "../lane/lanes.ts";
import type { TicketQueue } from "../platform/queue/tickets.ts";
import { mailOf } from "./mail.ts";

/** Events waiting for Redis beyond this are not posted at all: the sweeper finds them, and the acknowledgement never waits. */
const waitingMax = 10_000;
const eventsPerCallMax = 200;
const callsMax = 2;

/**
 * Wakes the lanes of committed events: mailbox, lane and Bull's wake-up. Never throws and nobody waits for it; what is lost
 * here costs seconds, not events.
 */
export function createPoster(parts: {
  readonly lanes: Lanes;
  readonly tickets: TicketQueue;
  readonly ready: () => boolean;
}): (events: readonly FreshEvent[]) => void {
  let waiting = 0;
  const post = grouped<FreshEvent, true>(
    async (events) => {
      const woken = await parts.lanes.post(events.map(mailOf));
      if (woken > 0) parts.tickets.post();
      return events.map(() => true);
    },
    { itemsMax: eventsPerCallMax, callsMax },
  );
  const settled = (): void => {
    waiting -= 1;
  };
  return (events) => {
    for (const event of events) {
      if (waiting >= waitingMax || !parts.ready()) return;
      waiting += 1;
      post(event).then(settled, settled);
    }
  };
}
