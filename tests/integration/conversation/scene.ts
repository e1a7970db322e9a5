import pg from "pg";
import { createSweeper } from "../../../src/conversation/keeper.ts";
import { eventId } from "../../../src/core/ids.ts";
import type { FreshEvent } from "../../../src/journal/journal.ts";
import type { TicketQueue } from "../../../src/platform/queue/tickets.ts";
import { createLogger } from "../../../src/platform/telemetry/logger.ts";
import { eventually } from "../../support/eventually.ts";
import { clientMessage, type PlainEvent, type Workbench } from "../../support/workbench.ts";

/** A webhook whose transaction is still open: it has drawn its id, and nobody else can see it. */
export type OpenWebhook = {
  readonly event: FreshEvent;
  readonly commit: () => Promise<void>;
};

/** Ingests a client's message and leaves the transaction open. */
export async function openWebhook(
  bench: Workbench,
  client: string,
  text: string,
): Promise<OpenWebhook> {
  const key = crypto.randomUUID();
  const plain: PlainEvent = { key, client, event: clientMessage(key, text) };
  const raw = Buffer.from(JSON.stringify({ events: [plain] }));
  const conversation = bench.conversation(client);
  const { origin } = bench;
  const row = {
    o: 0,
    t: origin.tenant,
    g: origin.id,
    b: 0,
    k: key,
    c: conversation,
    y: plain.event.type,
    r: null,
    f: 1,
    n: raw.length,
    i: 0,
    d: 1,
  };
  const connection = new pg.Client({ connectionString: bench.database.url });
  await connection.connect();
  await connection.query("BEGIN");
  const { rows } = await connection.query<{ id: string; at_ms: number }>(
    "SELECT * FROM ingest($1, $2)",
    [JSON.stringify([row]), raw],
  );
  const stored = rows[0];
  if (stored === undefined) throw new Error("the event was not new");
  return {
    event: {
      conversation,
      origin,
      id: eventId(stored.id),
      at: stored.at_ms,
      identity: client,
      event: plain.event,
    },
    commit: async () => {
      await connection.query("COMMIT");
      await connection.end();
    },
  };
}

/** What the log says of a conversation, in order. */
export async function logOf(bench: Workbench, client: string): Promise<readonly string[]> {
  const rows = await bench.database.rows<{ text: string }>(
    "SELECT text FROM message_logs WHERE conv = $1 ORDER BY seq",
    [bench.conversation(client)],
  );
  return rows.map(({ text }) => text);
}

export function pendingOf(bench: Workbench, client: string): Promise<number> {
  return bench.database.count("SELECT count(*) FROM pending WHERE conv = $1", [
    bench.conversation(client),
  ]);
}

export function versionOf(bench: Workbench, client: string): Promise<number> {
  return bench.database.count("SELECT version FROM conversations WHERE conv = $1", [
    bench.conversation(client),
  ]);
}

/** Says and posts messages of one client, and lets the bench's worker apply them. */
export async function applied(
  bench: Workbench,
  client: string,
  texts: readonly string[],
): Promise<void> {
  for (const text of texts) await bench.post([await bench.say(client, text)]);
  await bench.worker.drain();
}

/** Makes the waits and leases of a client's lane be over. */
export async function passTime(bench: Workbench, client: string): Promise<void> {
  const conversation = bench.conversation(client);
  await bench.database.rows(
    "UPDATE pending SET next_at = now() WHERE conv = $1 AND next_at IS NOT NULL",
    [conversation],
  );
  await bench.redis.raw.zadd(`${bench.prefix}due`, "XX", 1, conversation);
  await bench.lanes.reap();
}

/** Works and lets waits pass until a client has no open event; fails when that takes too many turns. */
export async function untilApplied(bench: Workbench, client: string): Promise<void> {
  await eventually(`everything of client ${client} is applied`, async () => {
    await bench.worker.drain();
    if ((await pendingOf(bench, client)) === 0) return true;
    await passTime(bench, client);
    return false;
  });
}

export const noTickets: TicketQueue = {
  post: () => undefined,
  consume: async () => undefined,
  waiting: async () => 0,
  close: async () => undefined,
};

/** Starts the sweeper as the only leader; resolves with how to stop it. */
export async function startSweeper(bench: Workbench): Promise<() => Promise<void>> {
  const sweeper = createSweeper({
    lanes: bench.lanes,
    tickets: noTickets,
    logger: createLogger("silent", "test"),
    store: bench.store,
    leads: async () => true,
    redis: bench.redis,
    prefix: bench.prefix,
  });
  await sweeper.start();
  return sweeper.stop;
}
