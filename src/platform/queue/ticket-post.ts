/**
 * Posting wake-ups without waiting for them.
 *
 *   idle ──post──▶ adding ──done──▶ idle           adding (as many as may be) ──post──▶ owing ──done──▶ adding
 *   away ──post──▶ owing ──Redis is back──▶ adding
 *
 * Many posts become few wake-ups, but after the last post one wake-up always begins: a worker that took an earlier one may
 * already have looked and found nothing.
 */
export type TicketPost = { readonly post: () => void; readonly close: () => void };

/** What is needed of Bull's connection. */
export type TicketClient = {
  readonly status: string;
  readonly on: (event: "ready", listener: () => void) => unknown;
};

/** Adds between two looks at how many wake-ups wait. */
const addsPerLook = 100;
/** With so many waiting one more changes nothing: each of them begins later than now. */
const waitingEnough = 100;

/**
 * Keeps wake-ups from filling Redis while their takers are busy for hours: where enough are `waiting`, none is added. Few adds are
 * preceded by the look, which costs a round trip; one that fails says nothing.
 */
export function boundedAdd(
  add: () => Promise<unknown>,
  waiting: () => Promise<number>,
): () => Promise<unknown> {
  let unlooked = 0;
  return async () => {
    if (unlooked >= addsPerLook) {
      if ((await waiting().catch(() => 0)) >= waitingEnough) return;
      unlooked = 0;
    }
    unlooked += 1;
    await add();
  };
}

/** Wake-ups on their way to Redis at the same time. */
const addsInFlightMax = 4;

/** Posts by `add` over `client`; what fails while Redis is there is left to those who look for stranded work. */
export function createTicketPost(client: TicketClient, add: () => Promise<unknown>): TicketPost {
  let inFlight = 0;
  let owed = false;
  let closed = false;

  const settled = (): void => {
    inFlight -= 1;
    flush();
  };
  const flush = (): void => {
    if (closed || !owed || client.status !== "ready" || inFlight >= addsInFlightMax) return;
    owed = false;
    inFlight += 1;
    add().then(settled, () => {
      if (client.status !== "ready") owed = true;
      settled();
    });
  };

  client.on("ready", flush);
  return {
    post: () => {
      owed = true;
      flush();
    },
    close: () => {
      closed = true;
    },
  };
}
