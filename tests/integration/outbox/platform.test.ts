import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createChat2Desk } from "../../../src/channels/chat2desk/chat2desk.ts";
import {
  type FakeChat2Desk,
  startFakeChat2Desk,
} from "../../../src/channels/chat2desk/fake/platform.ts";
import { createHttpClient } from "../../../src/platform/http/client.ts";
import type { Origin } from "../../../src/tenants/origins.ts";
import { eventually } from "../../support/eventually.ts";
import { type OutboxBench, openOutboxBench } from "../../support/outbox.ts";

/** The outbox with the real adapter against the fake platform, whose clock and memory judge. */
const sendTimeoutMs = 1_000;

type PlatformStage = {
  readonly bench: OutboxBench;
  readonly platform: FakeChat2Desk;
  readonly origin: Origin;
};

/** One account of the platform that is one origin of ours. */
async function open(rate: {
  readonly count: number;
  readonly windowMs: number;
}): Promise<PlatformStage> {
  const chat2desk = createChat2Desk({ http: createHttpClient(), sendTimeoutMs });
  const bench = await openOutboxBench({ channels: [chat2desk] });
  const platform = await startFakeChat2Desk({
    accounts: [{ token: "right", webhookUrl: "http://127.0.0.1:9/none", rateLimit: rate }],
  });
  await platform.control({ do: "echo", enabled: false });
  const { url } = platform;
  const origin = await bench.addOrigin({ channel: "chat2desk", token: "right", apiUrl: url, rate });
  return { bench, platform, origin };
}

async function close({ bench, platform }: PlatformStage): Promise<void> {
  await platform.stop();
  await bench.close();
}

async function startSenders(bench: OutboxBench, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await (await bench.newSender()).start();
  await bench.startKeepers();
}

const nothingOpen = (bench: OutboxBench, deadlineMs?: number) =>
  eventually(
    "an empty outbox",
    async () => (await bench.database.count("SELECT count(*) FROM outbox")) === 0,
    deadlineMs,
  );

/** What clients got, in the order in which the platform took it. */
function received(platform: FakeChat2Desk, client: string): readonly string[] {
  return platform.log
    .since(0)
    .flatMap((entry) =>
      entry.kind === "send" && entry.client.value === client ? [entry.text] : [],
    );
}

describe("what the platform says", () => {
  let stage: PlatformStage;
  beforeEach(async () => {
    stage = await open({ count: 10_000, windowMs: 60_000 });
  });
  afterEach(() => close(stage));

  /** Sends two messages to one client under a fault of the first call or calls; resolves with what is on record of the first. */
  async function underFault(fault: Record<string, unknown>, next = 1, wishes = {}) {
    const { bench, platform, origin } = stage;
    await platform.control({ do: "sends", fault, next });
    const conversation = await bench.put(origin, "17", { texts: ["one", "two"], ...wishes });
    await startSenders(bench, 2);
    await nothingOpen(bench, 25_000);
    const rows = await bench.database.rows<{ outcome: string }>(
      "SELECT outcome FROM attempts WHERE conv = $1 ORDER BY seq, n",
      [conversation],
    );
    return { conversation, outcomes: rows.map((row) => row.outcome) };
  }

  test("429 with Retry-After: waited for, not counted, then delivered in order", async () => {
    const { outcomes } = await underFault({ mode: "throttle", as: "429", retryAfter: "1" });
    expect(outcomes).toEqual(["throttled", "sent", "sent"]);
    expect(received(stage.platform, "17")).toEqual(["one", "two"]);
    const [refused = 0, again = 0] = stage.platform.arrivals("account-1");
    expect(again - refused).toBeGreaterThanOrEqual(1_000);
  });

  test("429 without Retry-After pauses all the same", async () => {
    const { outcomes } = await underFault({ mode: "throttle", as: "429" });
    expect(outcomes).toEqual(["throttled", "sent", "sent"]);
    const [refused = 0, again = 0] = stage.platform.arrivals("account-1");
    expect(again - refused).toBeGreaterThanOrEqual(1_000);
  });

  test("the words of a throttle in a body with status 200 are a throttle", async () => {
    const { outcomes } = await underFault({ mode: "throttle", as: "body" });
    expect(outcomes).toEqual(["throttled", "sent", "sent"]);
    expect(received(stage.platform, "17")).toEqual(["one", "two"]);
  });

  test("500 twice, then accepted: in order and without a copy", async () => {
    const { outcomes } = await underFault({ mode: "error", status: 500 }, 2);
    expect(outcomes).toEqual(["failed", "failed", "sent", "sent"]);
    expect(received(stage.platform, "17")).toEqual(["one", "two"]);
  });

  test("a call that hangs is unknown after its time; a bot's reply is sent once more", async () => {
    const { outcomes } = await underFault({ mode: "hang", accepted: true });
    expect(outcomes).toEqual(["unknown", "sent", "sent"]);
    expect(received(stage.platform, "17")).toEqual(["one", "one", "two"]);
  });

  test("a call that is cut after reading is unknown; an operator's words are not sent again", async () => {
    const fault = { mode: "cut-after-reading", accepted: true };
    const { outcomes, conversation } = await underFault(fault, 1, { author: "operator" });
    expect(outcomes).toEqual(["unknown", "sent"]);
    expect(received(stage.platform, "17")).toEqual(["one", "two"]);
    expect(await stage.bench.deliveries(conversation)).toMatchObject([
      { status: "unknown" },
      { status: "sent" },
    ]);
  });

  test("a refused message is final, and the next one goes", async () => {
    const { outcomes } = await underFault({ mode: "bad-request" });
    expect(outcomes).toEqual(["rejected", "sent"]);
    expect(received(stage.platform, "17")).toEqual(["two"]);
  });

  test("a platform that is not there is no ambiguity: tried again, also an operator's words", async () => {
    const { bench, origin, platform } = stage;
    const nowhere = await bench.addOrigin({
      channel: "chat2desk",
      token: "right",
      apiUrl: "http://127.0.0.1:9",
    });
    const conversation = await bench.put(nowhere, "18", { author: "operator" });
    await bench.put(origin, "19");
    await startSenders(bench, 1);
    await eventually("the first refusal", () =>
      bench.database.count("SELECT count(*) FROM attempts WHERE outcome = 'not_sent'"),
    );
    await bench.database.rows("UPDATE origins SET api_url = $1 WHERE origin_id = $2", [
      platform.url,
      nowhere.id,
    ]);
    await bench.origins.refresh();
    await nothingOpen(bench);
    expect(await bench.deliveries(conversation)).toMatchObject([{ status: "sent" }]);
    expect(received(platform, "18")).toEqual(["hello"]);
    expect(received(platform, "19")).toEqual(["hello"]);
  });
});

describe("300 in 6 s by the platform's clock, two senders over a backlog of more than three windows", () => {
  const rate = { count: 300, windowMs: 6_000 };
  const messages = 4 * rate.count;
  const clients = 150;
  let stage: PlatformStage;
  let arrivals: readonly number[];

  beforeAll(async () => {
    stage = await open(rate);
    const texts = Array.from({ length: messages / clients }, (_, n) => `${n}`);
    for (let n = 0; n < clients; n += 1) await stage.bench.put(stage.origin, `${n}`, { texts });
    await startSenders(stage.bench, 2);
    await nothingOpen(stage.bench, 60_000);
    arrivals = stage.platform.arrivals("account-1");
  }, 90_000);
  afterAll(() => close(stage));

  test("no window ever holds more than the limit, and the platform refuses nothing", () => {
    const [stats] = stage.platform.stats();
    expect(stats).toMatchObject({
      arrivals: messages,
      accepted: messages,
      refusedOverLimit: 0,
      violations: 0,
    });
    expect(stats?.maxInWindow).toBeLessThanOrEqual(rate.count);
  });

  test("at least 95 % of the limit is used", () => {
    // From the arrival that filled the first window to the last one.
    const spanMs = (arrivals.at(-1) ?? 0) - (arrivals[rate.count - 1] ?? 0);
    const share = (messages - rate.count) / ((spanMs / rate.windowMs) * rate.count);
    expect(share).toBeGreaterThanOrEqual(0.95);
  });

  test("every client got every message once and in order", () => {
    const wanted = Array.from({ length: messages / clients }, (_, n) => `${n}`);
    for (let n = 0; n < clients; n += 1) expect(received(stage.platform, `${n}`)).toEqual(wanted);
  });
});
