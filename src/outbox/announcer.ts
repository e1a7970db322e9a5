import { grouped } from "../core/grouped.ts";
import type { TicketQueue } from "../platform/queue/tickets.ts";
import type { Announcement, Limiter } from "./limiter.ts";

const itemsMax = 500;
const waitingMax = 10_000;

export type AnnouncerParts = {
  readonly limiter: Pick<Limiter, "announce">;
  readonly tickets: Pick<TicketQueue, "post">;
  readonly ready: () => boolean;
};

/**
 * Tells the senders which conversations have something to send. Never throws and nobody waits for it; what is lost here is found
 * by the outbox sweeper.
 */
export function createAnnouncer(
  parts: AnnouncerParts,
): (announcements: readonly Announcement[]) => void {
  let waiting = 0;
  const announce = grouped<Announcement, true>(
    async (announcements) => {
      if ((await parts.limiter.announce(announcements)) > 0) parts.tickets.post();
      return announcements.map(() => true);
    },
    { itemsMax, callsMax: 2 },
  );
  const settled = (): void => {
    waiting -= 1;
  };
  return (announcements) => {
    for (const one of announcements) {
      if (waiting >= waitingMax || !parts.ready()) return;
      waiting += 1;
      announce(one).then(settled, settled);
    }
  };
}
