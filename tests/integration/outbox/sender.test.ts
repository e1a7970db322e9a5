import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { SendOutcome } from "../../../src/channels/channel.ts";
import type { ConversationId } from "../../../src/core/ids.ts";
import type { Limiter } from "../../../src/outbox/limiter.ts";
import type { OutboxStore } from "../../../src/outbox/store.ts";
import type { Origin } from "../../../src/tenants/origins.ts";
import { eventually } from "../../support/eventually.ts";
import {
  answerAfter,
  dieAfterMark,
  type OutboxBench,
  openOutboxBench,
  type ScriptedCall,
  sentOutcome,
} from "../../support/outbox.ts";
import { credential } from "../../../src/channels/account.ts";
import { plainText, wordsOf } from "../../../src/message/outgoing.ts";

let bench: OutboxBench;

beforeEach(async () => {
  bench = await openOutboxBench({ sendTimeoutMs: 500 });
});
afterEach(() => bench.close());

const failed: SendOutcome = { type: "failed", status: 500, detail: "http_500" };
const unknown: SendOutcome = { type: "unknown", detail: "timeout" };

async function startSenders(count = 1): Promise<void> {
  for (let n = 0; n < count; n += 1) await (await bench.newSender()).start();
  await bench.startKeepers();
}

const callsTo = (client: string): readonly ScriptedCall[] =>
  bench.channel.calls.filter((call) => call.client === client);
const textsTo = (client: string): readonly string[] =>
  callsTo(client).map(({ message }) => wordsOf(message.content));

const nothingOpen = () =>
  eventually(
    "an empty outbox",
    async () => (await bench.database.count("SELECT count(*) FROM outbox")) === 0,
  );

const attemptsOf = (conversation: ConversationId) =>
  bench.database.rows<{ n: number; outcome: string; detail: string | null }>(
    "SELECT n, outcome, detail FROM attempts WHERE conv = $1 ORDER BY seq, n",
    [conversation],
  );

/** A store of another process that does as `change` says with each exchange. */
function storeThat(
  change: (next: OutboxStore["exchange"]) => OutboxStore["exchange"],
): OutboxStore {
  return { ...bench.store, exchange: change(bench.store.exchange) };
}

describe("delivery", () => {
  test("every message goes out once and in order, with three senders at work and half the announcements lost", async () => {
    const origin = await bench.addOrigin();
    bench.channel.answer((call) => answerAfter(wordsOf(call.message.content).length, sentOutcome));
    await startSenders(3);
    const clients = Array.from({ length: 30 }, (_, n) => `client-${n}`);
    for (const round of ["a", "b"]) {
      for (const [n, client] of clients.entries()) {
        const texts = ["1", "2", "3"].map((place) => `${round}${place}`);
        const conversation = await bench.put(origin, client, { texts });
        if (n % 2 === 0) await bench.announce(origin, [conversation, conversation, conversation]);
      }
    }
    await nothingOpen();
    for (const client of clients) {
      expect(textsTo(client)).toEqual(["a1", "a2", "a3", "b1", "b2", "b3"]);
    }
    expect(await bench.database.count("SELECT count(*) FROM attempts WHERE n > 1")).toBe(0);
  });

  test("a delivery is named by tenant, conversation and place, and sent with its own words and address", async () => {
    const origin = await bench.addOrigin();
    const conversation = await bench.put(origin, "17", { texts: ["Hello"], author: "operator" });
    await startSenders();
    await nothingOpen();
    expect(bench.channel.calls.map((call) => call.message)).toEqual([
      {
        id: `${origin.tenant}-${conversation}-1001`,
        content: plainText("Hello"),
        author: "operator",
        address: "17",
      },
    ]);
  });

  test("a stopped sender asks for nothing more, although there is always more", async () => {
    const origin = await bench.addOrigin();
    const conversation = await bench.put(origin, "7");
    let granted = 0;
    const endless: Limiter = {
      ...bench.limiter,
      dispatch: async (token) => {
        granted += 1;
        const { tenant, id } = origin;
        await answerAfter(2, sentOutcome);
        const grant = { conversation, tenant, origin: id, token, announced: 1, at: 0, scopes: [] };
        return { type: "granted", grants: [grant], nextDueMs: null };
      },
    };
    const sender = await bench.newSender({ limiter: endless });
    await sender.start();
    await eventually("some grants", () => granted >= 5);
    await sender.stop();
    const seen = granted;
    await sender.idle();
    expect(bench.channel.calls).toHaveLength(1);
    expect(granted).toBe(seen);
  });

  test("what a stopped sender had begun is recorded, and a started one goes on", async () => {
    const origin = await bench.addOrigin({ inFlightMax: 5 });
    for (let n = 0; n < 60; n += 1) await bench.put(origin, `client-${n}`);
    bench.channel.answer(() => answerAfter(20, sentOutcome));
    const sender = await bench.newSender();
    await sender.start();
    await bench.startKeepers();
    await eventually("some calls", () => bench.channel.calls.length >= 5);
    await sender.stop();
    await sender.idle();
    const made = bench.channel.calls.length;
    expect(made).toBeLessThan(60);
    const sent = "SELECT count(*) FROM attempts WHERE outcome = 'sent'";
    expect(await bench.database.count(sent)).toBe(made);
    await sender.start();
    await nothingOpen();
    expect(bench.channel.calls).toHaveLength(60);
  });
});

describe("certain failures", () => {
  test("two errors, then accepted: retried after 1 and 2 s, and what follows waits in order", async () => {
    const origin = await bench.addOrigin();
    const conversation = await bench.put(origin, "7", { texts: ["one", "two"] });
    bench.channel.answer(() => (bench.channel.calls.length <= 2 ? failed : sentOutcome));
    await startSenders();
    await nothingOpen();
    expect(textsTo("7")).toEqual(["one", "one", "one", "two"]);
    const [first = 0, second = 0, third = 0] = callsTo("7").map((call) => call.at);
    expect(second - first).toBeGreaterThanOrEqual(999);
    expect(third - second).toBeGreaterThanOrEqual(1_999);
    expect(await bench.deliveries(conversation)).toMatchObject([
      { status: "sent", attempts: 3 },
      { status: "sent", attempts: 1 },
    ]);
  });

  test("what was surely not sent is sent again, also where doubtful attempts are not", async () => {
    const origin = await bench.addOrigin({ unknownBot: "hold" });
    const conversation = await bench.put(origin, "7");
    const refused: SendOutcome = { type: "not_sent", detail: "connection_refused" };
    bench.channel.answer(() => (bench.channel.calls.length === 1 ? refused : sentOutcome));
    await startSenders();
    await nothingOpen();
    expect(await attemptsOf(conversation)).toMatchObject([
      { outcome: "not_sent" },
      { outcome: "sent" },
    ]);
  });

  test("a rejected message is final and the next one goes", async () => {
    const origin = await bench.addOrigin();
    const conversation = await bench.put(origin, "7", { texts: ["one", "two"] });
    const rejected: SendOutcome = {
      type: "rejected",
      status: 400,
      reason: "other",
      detail: "http_400",
    };
    bench.channel.answer(() => (bench.channel.calls.length === 1 ? rejected : sentOutcome));
    await startSenders();
    await nothingOpen();
    expect(await bench.deliveries(conversation)).toMatchObject([
      { status: "rejected" },
      { status: "sent" },
    ]);
  });

  test("a delivery whose deadline passes is parked, before a call and instead of a retry", async () => {
    const origin = await bench.addOrigin();
    const late = await bench.put(origin, "late", { deadlineMs: -1 });
    const short = await bench.put(origin, "short", { deadlineMs: 900 });
    bench.channel.answer(() => failed);
    await startSenders();
    await nothingOpen();
    expect(callsTo("late")).toEqual([]);
    expect(callsTo("short")).toHaveLength(1);
    const reasons = await bench.database.rows(
      "SELECT conv, reason FROM parked_deliveries ORDER BY created_at",
    );
    expect(reasons).toEqual([
      { conv: late, reason: "deadline" },
      { conv: short, reason: "deadline" },
    ]);
  });
});

describe("holds", () => {
  const throttled = (retryAfterMs: number): SendOutcome => ({
    type: "throttled",
    status: 429,
    retryAfterMs,
    scope: null,
  });

  test("a throttle is obeyed to its end by all conversations of its account and by no other account", async () => {
    const held = await bench.addOrigin();
    const free = await bench.addOrigin();
    const conversation = await bench.put(held, "first", { texts: ["one", "two"] });
    bench.channel.answer((call) =>
      call.token === credential(held.account, "token") && bench.channel.calls.length === 1
        ? throttled(1_200)
        : sentOutcome,
    );
    await startSenders(2);
    const [refused] = await eventually("the throttled call", () =>
      bench.channel.calls.length > 0 ? bench.channel.calls : null,
    );
    await bench.announce(held, [await bench.put(held, "second")]);
    await bench.announce(free, [await bench.put(free, "third")]);
    await nothingOpen();
    const since = (client: string, n = 0) =>
      (callsTo(client)[n]?.at ?? Number.NaN) - (refused?.at ?? 0);
    expect(since("first", 1)).toBeGreaterThanOrEqual(1_199);
    expect(since("second")).toBeGreaterThanOrEqual(1_199);
    expect(since("third")).toBeLessThan(1_199);
    expect(textsTo("first")).toEqual(["one", "one", "two"]);
    const failures = "SELECT count(*) FROM attempts WHERE outcome = 'failed'";
    expect(await bench.database.count(failures)).toBe(0);
    expect(await attemptsOf(conversation)).toMatchObject([
      { n: 1, outcome: "throttled" },
      { n: 2, outcome: "sent" },
      { n: 1, outcome: "sent" },
    ]);
  });

  test("a hold that Redis has forgotten is found in PostgreSQL before any call", async () => {
    const origin = await bench.addOrigin();
    await bench.put(origin, "first");
    bench.channel.answer(() => (bench.channel.calls.length === 1 ? throttled(1_500) : sentOutcome));
    await startSenders(2);
    await eventually("the hold in PostgreSQL", async () => (await bench.store.holds()).length > 0);
    await bench.redis.raw.del(`${bench.prefix}hold:${origin.id}`);
    await bench.announce(origin, [await bench.put(origin, "second")]);
    await nothingOpen();
    const [refused = 0, ...others] = bench.channel.calls.map((call) => call.at);
    expect(others.map((at) => at - refused >= 1_499)).toEqual([true, true]);
  });

  test("a used-up quota holds the account, and it goes on when the hold is lifted", async () => {
    const origin = await bench.addOrigin();
    const conversation = await bench.put(origin, "first");
    const quota: SendOutcome = { type: "quota", status: 403, detail: "monthly_limit" };
    bench.channel.answer(() => (bench.channel.calls.length === 1 ? quota : sentOutcome));
    await startSenders();
    const [hold] = await eventually("the hold", async () => {
      const holds = await bench.store.holds();
      return holds.length > 0 ? holds : null;
    });
    expect(hold).toMatchObject({ origin_id: origin.id, reason: "quota" });
    // What saving an origin with a new token does.
    await bench.database.rows("DELETE FROM holds");
    const repaired = {
      ...origin,
      account: { ...origin.account, credentials: { token: "repaired" } },
    };
    await bench.limiter.setLimits([repaired]);
    await nothingOpen();
    expect(await bench.deliveries(conversation)).toMatchObject([{ status: "sent", attempts: 2 }]);
  });
});

describe("unknown", () => {
  test("resend makes one extra copy per doubtful attempt, in order", async () => {
    const origin = await bench.addOrigin({ unknownBot: "resend" });
    const conversation = await bench.put(origin, "7", { texts: ["one", "two"] });
    bench.channel.answer(() => (bench.channel.calls.length <= 2 ? unknown : sentOutcome));
    await startSenders();
    await nothingOpen();
    expect(textsTo("7")).toEqual(["one", "one", "one", "two"]);
    expect(await attemptsOf(conversation)).toMatchObject([
      { n: 1, outcome: "unknown", detail: "timeout" },
      { n: 2, outcome: "unknown" },
      { n: 3, outcome: "sent" },
      { n: 1, outcome: "sent" },
    ]);
  });

  test("hold makes none: the delivery is final, shown as unknown, and the next one goes", async () => {
    const origin = await bench.addOrigin({ unknownBot: "hold" });
    const conversation = await bench.put(origin, "7", { texts: ["one", "two"] });
    bench.channel.answer(() => (bench.channel.calls.length === 1 ? unknown : sentOutcome));
    await startSenders();
    await nothingOpen();
    expect(textsTo("7")).toEqual(["one", "two"]);
    expect(await bench.deliveries(conversation)).toMatchObject([
      { status: "unknown", attempts: 1, detail: "timeout" },
      { status: "sent" },
    ]);
  });

  test("an operator's words are not sent twice, although the bot's would be", async () => {
    const origin = await bench.addOrigin({ unknownBot: "resend" });
    await bench.put(origin, "7", { author: "operator" });
    bench.channel.answer(() => unknown);
    await startSenders();
    await nothingOpen();
    expect(bench.channel.calls).toHaveLength(1);
  });

  test("a sender that dies between mark and call is declared unknown within its channel's time and 3 s", async () => {
    const resending = await bench.addOrigin({ unknownBot: "resend" });
    const holding = await bench.addOrigin({ unknownBot: "hold" });
    const conversations = [await bench.put(resending, "bot"), await bench.put(holding, "held")];
    await bench.warm();
    for (const [n, origin] of [resending, holding].entries()) {
      await bench.announce(origin, conversations.slice(n, n + 1));
    }
    const dispatched = await bench.limiter.dispatch("dying.", 2);
    if (dispatched.type === "cold") throw new Error("the limiter is cold");
    for (const grant of dispatched.grants) await dieAfterMark(bench, grant);
    await startSenders();
    await nothingOpen();
    const [slowest] = await bench.database.rows<{ ms: number }>(
      "SELECT max(ms(declared_unknown_at - started_at))::float AS ms FROM attempts WHERE declared_unknown_at IS NOT NULL",
    );
    expect(slowest?.ms).toBeGreaterThan(bench.channel.sendTimeoutMs);
    expect(slowest?.ms).toBeLessThan(bench.channel.sendTimeoutMs + 3_000);
    expect(await bench.deliveries(conversations[0] ?? never())).toMatchObject([
      { status: "sent", attempts: 2 },
    ]);
    expect(await bench.deliveries(conversations[1] ?? never())).toMatchObject([
      { status: "unknown", attempts: 1 },
    ]);
    expect(bench.channel.calls.map((call) => call.client)).toEqual(["bot"]);
  });

  test("a channel that throws is a silent sender: recorded, and decided by the same policy", async () => {
    const origin = await bench.addOrigin();
    const conversation = await bench.put(origin, "7");
    bench.channel.answer(() => {
      if (bench.channel.calls.length === 1) throw new Error("a fault of the adapter");
      return sentOutcome;
    });
    await startSenders();
    await nothingOpen();
    expect(await attemptsOf(conversation)).toMatchObject([
      { outcome: "unknown", detail: "sender_silent" },
      { outcome: "sent" },
    ]);
  });
});

describe("a sender that is late", () => {
  test("does not call: a process that was stopped longer than a grant lives begins again", async () => {
    const origin = await bench.addOrigin();
    const conversation = await bench.put(origin, "7");
    let skewMs = 0;
    let marks = 0;
    const clock = { now: () => 0, monotonic: () => performance.now() + skewMs };
    const store = storeThat((next) => async (finished, grants) => {
      const answers = await next(finished, grants);
      marks += grants.length;
      if (grants.length > 0 && marks === 1) {
        skewMs += 10_000;
        expect(bench.channel.calls).toEqual([]);
      }
      return answers;
    });
    const sender = await bench.newSender({ clock, store });
    await sender.start();
    await bench.startKeepers();
    await nothingOpen();
    expect(marks).toBe(2);
    expect(bench.channel.calls).toHaveLength(1);
    expect(await attemptsOf(conversation)).toMatchObject([{ n: 1, outcome: "sent" }]);
  });

  test("a short window is used although PostgreSQL takes longer than a grant lives", async () => {
    const origin = await bench.addOrigin({ rate: { count: 4, windowMs: 1_000 } });
    for (let n = 0; n < 10; n += 1) await bench.put(origin, `client-${n}`);
    const store = storeThat((next) => async (finished, grants) => {
      const answers = await next(finished, grants);
      await answerAfter(80, sentOutcome);
      return answers;
    });
    const sender = await bench.newSender({ store });
    await sender.start();
    await bench.startKeepers();
    await nothingOpen();
    const times = bench.channel.calls.map((call) => call.at);
    expect(times).toHaveLength(10);
    const gaps = times.slice(4).map((at, n) => at - (times[n] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1_000);
    expect(await bench.database.count("SELECT count(*) FROM attempts WHERE n > 1")).toBe(0);
  });
});

describe("a grant that was renewed too late", () => {
  test("gives back the slot that it was renewed to", async () => {
    const origin = await bench.addOrigin({ rate: { count: 4, windowMs: 6_000 } });
    await bench.put(origin, "7");
    let skewMs = 0;
    let slow = true;
    const clock = { now: () => 0, monotonic: () => performance.now() + skewMs };
    const store = storeThat((next) => async (finished, grants) => {
      const answers = await next(finished, grants);
      if (slow && grants.length > 0) skewMs += 130;
      return answers;
    });
    const limiter = await bench.newLimiter();
    const renew: typeof limiter.renew = async (grant) => {
      const renewed = await limiter.renew(grant);
      skewMs += 130;
      slow = false;
      return renewed;
    };
    const sender = await bench.newSender({ clock, store, limiter: { ...limiter, renew } });
    await sender.start();
    await bench.startKeepers();
    await nothingOpen();
    expect(slow).toBe(false);
    expect(bench.channel.calls).toHaveLength(1);
    expect(await bench.redis.raw.llen(`${bench.prefix}log:${origin.id}`)).toBe(1);
  });
});

describe("PostgreSQL in trouble", () => {
  test("an end that cannot be recorded is offered until it can, and no copy is made", async () => {
    const origin = await bench.addOrigin();
    const conversation = await bench.put(origin, "7");
    let refusals = 3;
    const store = storeThat((next) => async (finished, grants) => {
      if (finished.length > 0 && refusals-- > 0) throw new Error("PostgreSQL is away");
      return next(finished, grants);
    });
    await (await bench.newSender({ store })).start();
    await bench.startKeepers();
    await nothingOpen();
    expect(refusals).toBeLessThan(0);
    expect(bench.channel.calls).toHaveLength(1);
    expect(await attemptsOf(conversation)).toMatchObject([{ n: 1, outcome: "sent" }]);
  });

  test("a mark whose commit was not confirmed is taken back: nothing was sent, nothing is counted", async () => {
    const origin = await bench.addOrigin({ unknownBot: "hold" });
    const conversation = await bench.put(origin, "7");
    let lost = 0;
    const store = storeThat((next) => async (finished, grants) => {
      const answers = await next(finished, grants);
      if (grants.length > 0 && lost === 0) {
        lost += 1;
        throw new Error("the connection broke after the commit");
      }
      return answers;
    });
    await (await bench.newSender({ store })).start();
    await bench.startKeepers();
    await nothingOpen();
    expect(lost).toBe(1);
    expect(await attemptsOf(conversation)).toEqual([{ n: 1, outcome: "sent", detail: null }]);
  });
});

describe("Redis in trouble", () => {
  test("lost in the middle of a backlog: every message goes out once, in order, within the limit", async () => {
    const rate = { count: 20, windowMs: 1_000 };
    const origin = await bench.addOrigin({ rate });
    const clients = Array.from({ length: 10 }, (_, n) => `client-${n}`);
    const texts = ["1", "2", "3", "4", "5", "6"];
    for (const client of clients) await bench.put(origin, client, { texts });
    await startSenders(2);
    for (const mark of [15, 32]) {
      await eventually(`${mark} calls`, () => bench.channel.calls.length >= mark);
      await bench.loseRedis();
      // Limits are told again every few seconds by every process.
      await bench.limiter.setLimits(bench.origins.all());
    }
    await nothingOpen();
    for (const client of clients) expect(textsTo(client)).toEqual(texts);
    const times = bench.channel.calls.map((call) => call.at);
    const gaps = times.slice(rate.count).map((at, n) => at - (times[n] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(rate.windowMs);
    expect(await bench.database.count("SELECT count(*) FROM attempts WHERE n > 1")).toBe(0);
  });
});

describe("isolation", () => {
  test("an origin whose platform hangs does not slow the deliveries of another one", async () => {
    await bench.close();
    bench = await openOutboxBench({ sendTimeoutMs: 20_000 });
    const hanging = await bench.addOrigin({ unknownBot: "hold" });
    const healthy = await bench.addOrigin();
    const hungUp = Promise.withResolvers<SendOutcome>();
    bench.channel.answer((call) =>
      call.token === credential(hanging.account, "token") ? hungUp.promise : sentOutcome,
    );
    await startSenders();
    const alone = await latencies(healthy, "alone");
    for (let n = 0; n < 100; n += 1) await bench.put(hanging, `hung-${n}`);
    const hung = () =>
      bench.channel.calls.filter((call) => call.token === credential(hanging.account, "token"))
        .length;
    await eventually("64 calls that hang", () => hung() >= 64);
    const beside = await latencies(healthy, "beside");
    expect(hung()).toBe(64);
    expect(p99(beside)).toBeLessThan(Math.max(p99(alone) * 3, 100));
    hungUp.resolve(unknown);
  });

  test("three of them, each with more berths than a process has calls, still leave room for the others", async () => {
    await bench.close();
    bench = await openOutboxBench({ sendTimeoutMs: 20_000 });
    const healthy = await bench.addOrigin();
    const hungUp = Promise.withResolvers<SendOutcome>();
    bench.channel.answer((call) =>
      call.token === credential(healthy.account, "token") ? sentOutcome : hungUp.promise,
    );
    await startSenders();
    for (let n = 0; n < 3; n += 1) {
      const hanging = await bench.addOrigin({ unknownBot: "hold", inFlightMax: 1_000 });
      for (let m = 0; m < 130; m += 1) {
        await bench.announce(hanging, [await bench.put(hanging, `hung-${n}-${m}`)]);
      }
    }
    await eventually("three shares of the process", () => bench.channel.calls.length >= 170);
    const many = Array.from({ length: 100 }, (_, n) => `healthy-${n}`);
    const begun = performance.now();
    for (const client of many) await bench.announce(healthy, [await bench.put(healthy, client)]);
    await eventually("the others", () => many.every((client) => callsTo(client).length === 1));
    expect(performance.now() - begun).toBeLessThan(8_000);
    hungUp.resolve(unknown);
  });
});

/** Announcement to call of deliveries that come one after the other, ms. */
async function latencies(origin: Origin, round: string): Promise<readonly number[]> {
  const announced = new Map<string, number>();
  for (let n = 0; n < 100; n += 1) {
    const client = `${round}-${n}`;
    const conversation = await bench.put(origin, client);
    announced.set(client, performance.now());
    await bench.announce(origin, [conversation]);
    await eventually(`the call for ${client}`, () => callsTo(client).length > 0);
  }
  return bench.channel.calls.flatMap((call) => {
    const since = announced.get(call.client);
    return since === undefined ? [] : [call.at - since];
  });
}

function p99(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
}

function never(): never {
  throw new Error("there is none");
}
