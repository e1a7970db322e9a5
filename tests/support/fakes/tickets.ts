import type { TicketQueue } from "../../../src/platform/queue/tickets.ts";

/** Wake-ups in Redis; they are lost with it. */
export type TicketData = { waiting: number };

/** What a ticket board needs of the world around it. */
export type TicketWorld = {
  readonly data: () => TicketData;
  /** A whole number from 0 to `below` - 1: which of several consumers gets a wake-up. */
  readonly choose: (below: number) => number;
};

/** One process at the board. */
export type TicketSeat = {
  readonly isAlive: () => boolean;
  /** Brings a call to Redis, or loses it. */
  readonly post: (arrive: () => void) => void;
  /** Brings a wake-up to this process. */
  readonly hand: (take: () => void) => void;
};

type Consumer = { readonly seat: TicketSeat; readonly handler: () => Promise<void>; free: number };

/** A queue of wake-ups over several processes; each seat is one process's connection to it. */
export function createTicketBoard(world: TicketWorld): (seat: TicketSeat) => TicketQueue {
  const consumers: Consumer[] = [];

  const handOut = (): void => {
    for (;;) {
      const idle = consumers.filter(({ seat, free }) => seat.isAlive() && free > 0);
      const consumer = idle[world.choose(Math.max(1, idle.length))];
      const data = world.data();
      if (consumer === undefined || data.waiting === 0) return;
      data.waiting -= 1;
      consumer.free -= 1;
      consumer.seat.hand(() => void handle(consumer));
    }
  };

  const handle = async (consumer: Consumer): Promise<void> => {
    await consumer.handler();
    consumer.free += 1;
    handOut();
  };

  return (seat) => ({
    post: () =>
      seat.post(() => {
        world.data().waiting += 1;
        handOut();
      }),
    consume: async (concurrency, handler) => {
      consumers.push({ seat, handler, free: concurrency });
      handOut();
    },
    waiting: async () => world.data().waiting,
    close: async () => undefined,
  });
}
