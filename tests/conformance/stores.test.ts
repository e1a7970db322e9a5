import { expect, test } from "bun:test";
import { classifyFailure } from "../../src/platform/postgres/failure.ts";
import type { Finished } from "../../src/outbox/store.ts";
import { createRandom, type Random } from "../support/simulation/random.ts";
import { conversationStoreConformance } from "./conversation-store.ts";
import { openFakeStores } from "./fake-stores-harness.ts";
import { outboxStoreConformance } from "./outbox-store.ts";
import { openRealStores } from "./real-stores-harness.ts";
import { commitAll, endOf, order, reply, type StoresHarness } from "./stores-harness.ts";

conversationStoreConformance("in memory", openFakeStores);
conversationStoreConformance("on PostgreSQL", openRealStores);
outboxStoreConformance("in memory", openFakeStores);
outboxStoreConformance("on PostgreSQL", openRealStores);

const sequences = 12;
const commands = 80;

test("the stores in memory answer any sequence of calls as PostgreSQL does", async () => {
  for (let seed = 1; seed <= sequences; seed += 1) {
    const [fake, real] = [await openFakeStores(), await openRealStores()];
    expect(await play(fake, seed)).toEqual(await play(real, seed));
    await real.close();
  }
}, 120_000);

type Played = {
  readonly random: Random;
  readonly client: string;
  readonly count: number;
  /** Marks that were given, so that they can be ended, also by the wrong hands. */
  readonly marks: { readonly client: string; readonly q: string; readonly a: number; k: string }[];
};

/** Plays a seeded sequence of calls and returns all their answers, without the times in them. */
async function play(harness: StoresHarness, seed: number): Promise<readonly unknown[]> {
  const random = createRandom(seed);
  const marks: Played["marks"] = [];
  const answers: unknown[] = [];
  for (let count = 1; count <= commands; count += 1) {
    const client = `client ${random.int(3)}`;
    answers.push(await playOne(harness, { random, client, count, marks }));
    const lane = harness.lane(client);
    answers.push(await look(harness, client), await harness.attempts(lane));
    answers.push(await harness.parked(lane), await harness.parkedDeliveries(lane));
  }
  return answers;
}

async function playOne(harness: StoresHarness, played: Played): Promise<unknown> {
  const { random, client, count } = played;
  const lane = harness.lane(client);
  switch (random.int(10)) {
    case 0:
    case 1:
      return harness.add(client);
    case 2:
    case 3:
      return commitSomething(harness, played);
    case 4: {
      const eventId = String(1 + random.int(count));
      return harness.store.fail(lane, { eventId, reason: "bad", counted: random.chance(0.5) });
    }
    case 5:
      return harness.store.suspect({ ...lane, tries: random.int(3) });
    case 6:
      return harness.hasten();
    case 7:
      return markSomething(harness, played);
    default:
      return endSomething(harness, played);
  }
}

async function commitSomething(harness: StoresHarness, played: Played): Promise<unknown> {
  const { random, client, count } = played;
  const [loaded] = await harness.store.load([harness.lane(client)], 9);
  const ids = (loaded?.events ?? []).map(({ id }) => id).slice(random.int(3) === 0 ? 1 : 0);
  const effects = [
    random.chance(0.5) ? [reply(`reply ${count}`)] : [],
    random.chance(0.1) ? [reply("\0")] : [],
    random.chance(0.3) ? [order(random.int(4))] : [],
  ].flat();
  const turn = {
    lane: harness.lane(client),
    origin: harness.origin,
    version: (loaded?.version ?? 0) + (random.chance(0.2) ? 1 : 0),
    ids: random.chance(0.1) ? [...ids, "999999"] : ids,
    fast: random.chance(0.5),
    state: { count },
    epoch: random.chance(0.1) ? 1 : 0,
    effects,
  };
  return commitAll(harness.store, [turn]).catch(classifyFailure);
}

async function markSomething(harness: StoresHarness, played: Played): Promise<unknown> {
  const { client, count, marks } = played;
  const { tenant: t, conversation: c } = harness.lane(client);
  const k = `k${count}`;
  const [answer] = await harness.outbox.exchange([], [{ i: 0, t, c, k, sc: [] }]);
  if (answer?.verdict !== "marked") return answer?.verdict;
  const { seq: q, attempt: a, failures, author } = answer;
  marks.push({ client, q, a, k });
  return { q, a, failures, author };
}

async function endSomething(harness: StoresHarness, played: Played): Promise<unknown> {
  const { random, marks } = played;
  const mark = marks[random.int(Math.max(1, marks.length))];
  if (mark === undefined) return null;
  const { client, q, a, k } = mark;
  const how = random.pick<Partial<Finished>>([
    { oc: "sent", fi: true, mi: `m${a}` },
    { oc: "failed", fi: false, w: 60_000, fl: 1 },
    { oc: "unknown", fi: random.chance(0.5), w: 1, fl: 1, de: "sender_silent" },
    { oc: "unknown", fi: true, pk: "senders_silent" },
    { oc: null, fi: false, un: true },
    { oc: "throttled", fi: false, ho: 60_000, hr: "throttled" },
  ]);
  const token = random.chance(0.9) ? k : "another";
  const end = endOf(harness.lane(client), harness.origin, { k: token, q, a, ...how });
  return harness.outbox.exchange([end], []).catch(classifyFailure);
}

/** Everything that can be read of a conversation, without the times in it. */
async function look(harness: StoresHarness, client: string): Promise<unknown> {
  const lane = harness.lane(client);
  const [loaded] = await harness.store.load([lane], 5);
  const stranded = await harness.store.stranded({ after: "0", ageMs: 0, limit: 99 });
  const silent = await harness.outbox.silent(0);
  const none = "00000000-0000-0000-0000-000000000000";
  const open = await harness.outbox.stranded({
    tenant: 0,
    conversation: none,
    ageMs: 0,
    limit: 99,
  });
  const sends = await harness.outbox.recentSends(0);
  return {
    version: loaded?.version,
    state: loaded?.state,
    events: loaded?.events.map(({ id, attempts, waitMs }) => [id, attempts, isWaiting(waitMs)]),
    stranded: stranded.map(({ id, conversation, waitMs }) => [id, conversation, isWaiting(waitMs)]),
    silent: silent.map(({ seq, conv, attempt, failures, silences }) =>
      [conv, seq, attempt, failures, silences].join(),
    ),
    open: open.map((row) => [String(row.conv), row.open, isWaiting(row.wait_ms)]),
    sends: sends.map(({ ages }) => ages.length),
    holds: (await harness.outbox.holds()).map(({ reason }) => reason),
  };
}

function isWaiting(waitMs: number | null): boolean {
  return waitMs !== null && waitMs > 0;
}
