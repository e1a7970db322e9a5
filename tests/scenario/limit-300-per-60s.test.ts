import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  type FakeChat2Desk,
  startFakeChat2Desk,
} from "../../src/channels/chat2desk/fake/platform.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { environmentFor, testToken } from "../support/hookdesk.ts";
import { becomesRunning, type HookdeskProcess, startProcess } from "../support/process.ts";

/**
 * The limit of the issue, 300 in 60 s on one origin, by the clock of the platform: two outbox processes apart from it, a first half
 * of the window's messages, and 20 s later more than the limit allows. The window slides: the two halves come back 20 s apart.
 */
const rate = { count: 300, windowMs: 60_000 };
const half = rate.count / 2;
const restMs = 20_000;
const clients = 50;
/** The first half, then enough for two more halves at once and two after the window, and some that must wait longer. */
const messages = 2 * rate.count + clients;

let database: TestDatabase;
let platform: FakeChat2Desk;
let processes: readonly HookdeskProcess[];
let arrivals: readonly number[];

beforeAll(async () => {
  database = await createTestDatabase();
  platform = await startFakeChat2Desk({
    accounts: [
      {
        name: "main",
        token: testToken,
        webhookUrl: "http://127.0.0.1:9/webhook/chat2desk",
        rateLimit: rate,
      },
    ],
  });
  await platform.control({ do: "echo", enabled: false });
  const environment = environmentFor(database, `t${crypto.randomUUID().slice(0, 8)}`, {
    CHAT2DESK_API_URL: platform.url,
    CHAT2DESK_RATE_LIMIT: "300/60s",
    LOG_LEVEL: "info",
  });
  processes = [startProcess(environment, "outbox"), startProcess(environment, "outbox")];
  await Promise.all(processes.map(becomesRunning));
  await putMessages(half);
  await arrived(half, 20_000);
  const first = platform.arrivals("main")[0] ?? Number.NaN;
  await eventually(`${restMs} ms of rest`, () => performance.now() - first > restMs, restMs * 2);
  await putMessages(messages - half);
  await arrived(2 * rate.count, 90_000);
  arrivals = platform.arrivals("main");
}, 150_000);

afterAll(async () => {
  await Promise.all(processes.map((one) => one.end()));
  await platform.stop();
  await database.drop();
}, 30_000);

const arrived = (count: number, deadlineMs: number) =>
  eventually(`${count} arrivals`, () => platform.arrivals("main").length >= count, deadlineMs);

/** Commits replies of the bot, spread over the clients, as the worker's commit does. */
async function putMessages(count: number): Promise<void> {
  await database.rows(
    `WITH chosen AS (SELECT tenant_id, origin_id FROM origins WHERE origin_key = 'default'),
     texts AS (SELECT n, n % $2 AS client FROM generate_series(1, $1::int) n),
     turn AS (
       INSERT INTO conversations AS c (tenant_id, conv, origin_id, identity, version)
       SELECT tenant_id, md5(client::text)::uuid, origin_id, client::text, 1 FROM chosen, (SELECT DISTINCT client FROM texts) t
       ON CONFLICT (tenant_id, conv) DO UPDATE SET version = c.version + 1 RETURNING tenant_id, conv, origin_id, identity, version
     )
     INSERT INTO outbox (tenant_id, conv, seq, origin_id, author, owner_epoch, body, created_at, deadline_at)
     SELECT tenant_id, conv, version * 1000 + n, origin_id, 'bot', 0,
       json_build_object('a', format('[%s,null,null]', identity), 't', (version * 1000 + n)::text)::text,
       now(), now() + interval '1 day'
     FROM turn JOIN texts ON client::text = identity`,
    [count, clients],
  );
}

describe("300 in 60 s on one origin", () => {
  test("no window of the platform ever holds more, and it refuses nothing", () => {
    const [stats] = platform.stats();
    expect(stats).toMatchObject({ refusedOverLimit: 0, violations: 0 });
    expect(stats?.maxInWindow).toBe(rate.count);
  });

  test("the window slides: what was sent later makes room later", () => {
    const first = arrivals[0] ?? Number.NaN;
    const at = (index: number) => (arrivals[index] ?? Number.NaN) - first;
    expect(at(rate.count - 1)).toBeLessThan(restMs + 5_000);
    expect(at(rate.count)).toBeGreaterThanOrEqual(rate.windowMs);
    expect(at(rate.count + half) - at(half)).toBeGreaterThanOrEqual(rate.windowMs);
    expect(at(rate.count + half)).toBeGreaterThan(rate.windowMs + restMs);
  });

  test("at least 95 % of the limit is used while there is a backlog", () => {
    const filled = arrivals[rate.count - 1] ?? Number.NaN;
    const spanMs = (arrivals[2 * rate.count - 1] ?? Number.NaN) - filled;
    expect(rate.windowMs / spanMs).toBeGreaterThanOrEqual(0.95);
  });

  test("every client gets its messages once and in the order in which they were written", () => {
    const received = new Map<string, number[]>();
    for (const entry of platform.log.since(0)) {
      if (entry.kind !== "send") continue;
      const texts = received.get(entry.client.value) ?? [];
      received.set(entry.client.value, [...texts, Number(entry.text)]);
    }
    expect(received.size).toBe(clients);
    for (const texts of received.values()) {
      expect(texts).toEqual([...new Set(texts)].toSorted((a, b) => a - b));
    }
  });
});
