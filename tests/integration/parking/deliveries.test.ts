import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { ConversationId } from "../../../src/core/ids.ts";
import type { Sender } from "../../../src/outbox/sender.ts";

import { createParking, type Parking } from "../../../src/parking/parking.ts";
import { createParkingStore } from "../../../src/parking/store.ts";
import type { Origin } from "../../../src/tenants/origins.ts";
import { eventually } from "../../support/eventually.ts";
import { openOutboxBench, type OutboxBench } from "../../support/outbox.ts";
import { onlyParked } from "./parking-lot.ts";
import { wordsOf } from "../../../src/message/outgoing.ts";

let bench: OutboxBench;
let parking: Parking;
let origin: Origin;
let sender: Sender;

beforeAll(async () => {
  bench = await openOutboxBench();
  origin = await bench.addOrigin();
  await bench.warm();
  sender = await bench.newSender();
  await sender.start();
  parking = createParking({
    store: createParkingStore(bench.pipeline),
    wakeLanes: async () => undefined,
    announce: async (deliveries) => {
      for (const one of deliveries) await bench.announce(origin, [one.conversation]);
      sender.wake();
    },
    deliveryDeadlineMs: 60_000,
  });
});

afterEach(async () => {
  await bench.database.rows("DELETE FROM parked_deliveries");
});

afterAll(() => bench.close());

/** Deliveries of a client, of which the first was parked because its deadline passed. */
async function parkFirstOf(
  client: string,
  texts: readonly string[] = ["hello"],
): Promise<ConversationId> {
  const conversation = await bench.put(origin, client, { texts });
  await bench.database.rows(
    `WITH first AS (
       DELETE FROM outbox WHERE (conv, seq) = (SELECT conv, min(seq) FROM outbox WHERE conv = $1 GROUP BY conv) RETURNING *
     ), tried AS (
       INSERT INTO attempts (tenant_id, conv, seq, n, origin_id, started_at, outcome, status, detail)
       SELECT tenant_id, conv, seq, 1, origin_id, now(), 'failed', 500, 'server_error' FROM first
     ) INSERT INTO parked_deliveries (tenant_id, conv, seq, origin_id, author, owner_epoch, attempt, failures, body, created_at, reason)
       SELECT tenant_id, conv, seq, origin_id, author, owner_epoch, 1, 53, body, created_at, 'retries_spent' FROM first`,
    [conversation],
  );
  return conversation;
}

const textsTo = (client: string): readonly string[] =>
  bench.channel.calls
    .filter((call) => call.client === client)
    .map(({ message }) => wordsOf(message.content));

/** Resolves when nothing of the conversation is open any more. */
async function sentAll(conversation: ConversationId): Promise<void> {
  await eventually(
    "an empty outbox",
    async () =>
      (await bench.database.count("SELECT count(*) FROM outbox WHERE conv = $1", [
        conversation,
      ])) === 0,
  );
}

describe("a parked delivery", () => {
  test("is sent once although eight people replay it at the same time", async () => {
    const conversation = await parkFirstOf("crowd");
    const item = await onlyParked(parking);
    const rounds = await Promise.all(
      Array.from({ length: 8 }, () => parking.replay([item], "anna")),
    );
    const verdicts = rounds.flatMap((round) => round.ends.map((end) => end.verdict));
    expect(verdicts.toSorted()).toEqual([...Array(7).fill("gone"), "replayed"]);
    await sentAll(conversation);
    await sender.idle();
    expect(textsTo("crowd")).toEqual(["hello"]);
    expect(await bench.deliveries(conversation)).toMatchObject([{ status: "sent", attempts: 2 }]);
  });

  test("goes before what is still open behind it", async () => {
    const conversation = await parkFirstOf("row", ["one", "two", "three"]);
    await parking.replay([await onlyParked(parking)], "anna");
    await bench.announce(origin, [conversation, conversation]);
    sender.wake();
    await sentAll(conversation);
    expect(textsTo("row")).toEqual(["one", "two", "three"]);
  });

  test("gets a new deadline, no failures and no wait", async () => {
    const conversation = await parkFirstOf("fresh");
    const quiet = createParking({
      store: createParkingStore(bench.pipeline),
      wakeLanes: async () => undefined,
      announce: async () => undefined,
      deliveryDeadlineMs: 60_000,
    });
    await quiet.replay([await onlyParked(parking)], "anna");
    const [row] = await bench.database.rows(
      `SELECT failures, attempt, next_at, token, status,
         deadline_at BETWEEN now() + interval '50 s' AND now() + interval '60 s' AS renewed
       FROM outbox WHERE conv = $1`,
      [conversation],
    );
    expect(row).toEqual({
      failures: 0,
      attempt: 1,
      next_at: null,
      token: null,
      status: "pending",
      renewed: true,
    });
    await bench.announce(origin, [conversation]);
    sender.wake();
    await sentAll(conversation);
  });

  test("that arrived after all is not sent again", async () => {
    const conversation = await parkFirstOf("arrived");
    await bench.database.rows("UPDATE attempts SET outcome = 'sent' WHERE conv = $1", [
      conversation,
    ]);
    const { ends } = await parking.replay([await onlyParked(parking)], "anna");
    expect(ends.map((end) => end.verdict)).toEqual(["sent"]);
    expect(await bench.deliveries(conversation)).toMatchObject([{ status: "sent" }]);
    expect(textsTo("arrived")).toEqual([]);
  });

  test("of a bot whose conversation a person took over stays parked", async () => {
    const conversation = await parkFirstOf("taken");
    await bench.database.rows(
      "UPDATE conversations SET owner_epoch = owner_epoch + 1 WHERE conv = $1",
      [conversation],
    );
    const item = await onlyParked(parking);
    const { ends } = await parking.replay([item], "anna");
    expect(ends.map((end) => end.verdict)).toEqual(["superseded"]);
    expect(await bench.deliveries(conversation)).toMatchObject([{ status: "parked" }]);
    expect(await parking.discard(item, { by: "anna", why: "too late" })).toBe("discarded");
  });

  test("tells its attempts, and its text only to those who ask for it", async () => {
    await parkFirstOf("told", ["my secret address"]);
    const item = await onlyParked(parking);
    const [without] = await parking.find(item, false);
    expect(without).toMatchObject({
      raw: null,
      history: [{ n: 1, outcome: "failed", status: 500, detail: "server_error" }],
    });
    const [whole] = await parking.find(item, true);
    expect(new TextDecoder().decode(whole?.raw ?? new Uint8Array())).toContain("my secret address");
  });

  test("once discarded is shown as discarded and never sent", async () => {
    const conversation = await parkFirstOf("ended");
    const item = await onlyParked(parking);
    expect(await parking.discard(item, { by: "anna", why: "wrong number" })).toBe("discarded");
    const { ends } = await parking.replay([item], "anna");
    expect(ends.map((end) => end.verdict)).toEqual(["gone"]);
    expect(await bench.deliveries(conversation)).toMatchObject([{ status: "discarded" }]);
    const [record] = await bench.database.rows(
      "SELECT discarded_by, why FROM discarded_deliveries WHERE conv = $1",
      [conversation],
    );
    expect(record).toEqual({ discarded_by: "anna", why: "wrong number" });
    expect(textsTo("ended")).toEqual([]);
  });
});

describe("the list of parked work", () => {
  test("is narrowed by kind, tenant, origin and time, and tells how much there is", async () => {
    await parkFirstOf("listed-1");
    await parkFirstOf("listed-2");
    const found = async (filter: Parameters<Parking["list"]>[0], limit = 10) => {
      const { items, found: all } = await parking.list(filter, limit);
      return [items.length, all];
    };
    expect(await found({})).toEqual([2, 2]);
    expect(await found({}, 1)).toEqual([1, 2]);
    expect(await found({ kind: "event" })).toEqual([0, 0]);
    expect(await found({ kind: "delivery", tenant: "bench" })).toEqual([2, 2]);
    expect(await found({ tenant: "other" })).toEqual([0, 0]);
    expect(await found({ origin: `scripted/${origin.key}` })).toEqual([2, 2]);
    expect(await found({ origin: String(origin.id) })).toEqual([2, 2]);
    expect(await found({ since: Date.now() + 60_000 })).toEqual([0, 0]);
    expect(await found({ since: Date.now() - 60_000 })).toEqual([2, 2]);
  });
});
