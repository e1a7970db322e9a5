import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { SendOutcome } from "../../../src/channels/channel.ts";
import type { ConversationId } from "../../../src/core/ids.ts";
import {
  attemptEnded,
  deadlinePassed,
  grantExpired,
  type Marked,
  markLost,
  senderSilent,
} from "../../../src/outbox/ends.ts";
import type { Grant } from "../../../src/outbox/limiter.ts";
import { type AttemptContext, afterAttempt, afterSilence } from "../../../src/outbox/policy.ts";
import type { Finished, GrantAnswer } from "../../../src/outbox/store.ts";
import type { Origin } from "../../../src/tenants/origins.ts";
import { type OutboxBench, openOutboxBench } from "../../support/outbox.ts";
import { readDelivery, wordsOf } from "../../../src/message/outgoing.ts";

/** What PostgreSQL alone promises about sending: the order, the intention, the tokens, the record. */
let bench: OutboxBench;
let origin: Origin;
let clients = 0;
let tokens = 0;

beforeAll(async () => {
  bench = await openOutboxBench();
  origin = await bench.addOrigin();
});
afterAll(() => bench.close());

const newClient = (): string => {
  clients += 1;
  return `client-${clients}`;
};

function grantFor(conversation: ConversationId, of: Origin = origin): Grant {
  tokens += 1;
  const token = `x${tokens}`;
  return { conversation, tenant: of.tenant, origin: of.id, token, announced: 1, at: 0, scopes: [] };
}

const question = (grant: Grant, i = 0) => ({
  i,
  t: grant.tenant,
  c: grant.conversation,
  k: grant.token,
  sc: grant.scopes.map(({ key }) => key),
});

async function ask(grant: Grant): Promise<GrantAnswer> {
  const [answer] = await bench.store.exchange([], [question(grant)]);
  if (answer === undefined) throw new Error("no answer");
  return answer;
}

async function mark(grant: Grant): Promise<Marked> {
  const answer = await ask(grant);
  if (answer.verdict !== "marked") throw new Error(`not marked but ${answer.verdict}`);
  return answer;
}

const verdictOf = async (grant: Grant): Promise<string> => (await ask(grant)).verdict;

const sent: SendOutcome = { type: "sent", messageId: "m1", status: 200 };
const failed: SendOutcome = { type: "failed", status: 500, detail: "http_500" };
const unknown: SendOutcome = { type: "unknown", detail: "timeout" };
const context: AttemptContext = {
  failures: 0,
  policy: "resend",
  leftMs: 86_400_000,
  jitter: 0,
};
const lastTry: AttemptContext = { ...context, failures: 53 };

async function end(grant: Grant, marked: Marked, outcome: SendOutcome, policy = context) {
  const after = afterAttempt(outcome, policy);
  await bench.store.exchange([attemptEnded(grant, marked, { outcome, after })], []);
}

/** Declares a marked delivery unknown, as the silence keeper does. */
async function declareSilent(marked: Marked, grant: Grant, policy: "hold" | "resend" = "resend") {
  const silent = await bench.store.silent(0);
  const send = silent.find((one) => one.token === grant.token);
  if (send === undefined) throw new Error(`attempt ${marked.attempt} is not being sent`);
  const after = afterSilence({ ...context, policy }, send.silences);
  await bench.store.exchange([senderSilent(send, origin, after)], []);
}

const makeDue = (conversation: ConversationId) =>
  bench.database.rows("UPDATE outbox SET next_at = now() WHERE conv = $1", [conversation]);

const attemptsOf = (conversation: ConversationId) =>
  bench.database.rows<{
    n: number;
    outcome: string;
    settled_by: string | null;
    declared: boolean;
    message_id: string | null;
  }>(
    `SELECT n, outcome, settled_by, declared_unknown_at IS NOT NULL AS declared, message_id
     FROM attempts WHERE conv = $1 ORDER BY seq, n`,
    [conversation],
  );

const openOf = (conversation: ConversationId) =>
  bench.database.rows<{ seq: string; status: string; attempt: number; failures: number }>(
    "SELECT seq, status, attempt, failures FROM outbox WHERE conv = $1 ORDER BY seq",
    [conversation],
  );

describe("mark", () => {
  test("takes the lowest open delivery, with its attempt counted before any call", async () => {
    const conversation = await bench.put(origin, newClient(), { texts: ["one", "two"] });
    const marked = await mark(grantFor(conversation));
    expect(marked).toMatchObject({ seq: "1001", attempt: 1, failures: 0, author: "bot" });
    expect(wordsOf(readDelivery(marked.body).content)).toBe("one");
    expect(await openOf(conversation)).toEqual([
      { seq: "1001", status: "sending", attempt: 1, failures: 0 },
      { seq: "1002", status: "pending", attempt: 0, failures: 0 },
    ]);
  });

  test("a second sender is told that the head is being sent, and gets nothing behind it", async () => {
    const conversation = await bench.put(origin, newClient(), { texts: ["one", "two"] });
    await mark(grantFor(conversation));
    expect(await verdictOf(grantFor(conversation))).toBe("busy");
  });

  test("of many senders at once exactly one marks", async () => {
    const conversation = await bench.put(origin, newClient(), { texts: ["one", "two"] });
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => verdictOf(grantFor(conversation))),
    );
    expect(answers.toSorted()).toEqual([...Array<string>(7).fill("busy"), "marked"]);
  });

  test("a head in its back-off keeps what is behind it back", async () => {
    const conversation = await bench.put(origin, newClient(), { texts: ["one", "two"] });
    const grant = grantFor(conversation);
    await end(grant, await mark(grant), failed);
    const answer = await ask(grantFor(conversation));
    expect(answer).toMatchObject({ verdict: "waiting" });
    expect("wait_ms" in answer && answer.wait_ms > 0 && answer.wait_ms <= 1_000).toBe(true);
  });

  test("an empty conversation is said to be empty, an unknown one too", async () => {
    const grant = grantFor(await bench.put(origin, newClient()));
    await end(grant, await mark(grant), sent);
    expect(await verdictOf(grantFor(grant.conversation))).toBe("empty");
    const nobody = crypto.randomUUID() as ConversationId;
    expect(await verdictOf(grantFor(nobody))).toBe("empty");
  });

  test("nothing is marked while its account is on hold in PostgreSQL, whatever Redis remembers", async () => {
    const held = await bench.addOrigin();
    const conversation = await bench.put(held, newClient());
    const hold = (until: string) =>
      bench.database.rows(
        `INSERT INTO holds (tenant_id, origin_id, until, reason) VALUES ($1, $2, now() + $3::interval, 'throttled')
         ON CONFLICT (tenant_id, origin_id, scope) DO UPDATE SET until = excluded.until`,
        [held.tenant, held.id, until],
      );
    await hold("30 s");
    const answer = await ask(grantFor(conversation, held));
    expect(answer.verdict).toBe("held");
    expect("wait_ms" in answer && answer.wait_ms > 29_000 && answer.wait_ms <= 30_000).toBe(true);
    await hold("-1 ms");
    expect(await verdictOf(grantFor(conversation, held))).toBe("marked");
  });

  test("what the bot decided under an older owner is dropped with a record, an operator's words are not", async () => {
    const client = newClient();
    const conversation = await bench.put(origin, client, { texts: ["from the bot"] });
    await bench.put(origin, client, { texts: ["from an operator"], author: "operator" });
    await bench.database.rows("UPDATE conversations SET owner_epoch = 1 WHERE conv = $1", [
      conversation,
    ]);
    expect(await verdictOf(grantFor(conversation))).toBe("superseded");
    expect(await mark(grantFor(conversation))).toMatchObject({ author: "operator" });
    expect(await bench.deliveries(conversation)).toMatchObject([
      { status: "superseded" },
      { status: "sending" },
    ]);
  });

  test("groups that share conversations in opposite order do not deadlock", async () => {
    const all = await Promise.all(
      Array.from({ length: 400 }, () => bench.put(origin, newClient())),
    );
    const group = (order: readonly ConversationId[]) =>
      bench.store.exchange(
        [],
        order.map((conversation, i) => question(grantFor(conversation), i)),
      );
    const rounds = Array.from({ length: 10 }, (_, n) =>
      group(n % 2 === 0 ? all : all.toReversed()),
    );
    const answers = (await Promise.all(rounds)).flat();
    expect(answers.filter((answer) => answer.verdict === "marked")).toHaveLength(400);
  });
});

describe("finish", () => {
  test("a sent delivery is closed and its attempt says what the platform called it", async () => {
    const grant = grantFor(await bench.put(origin, newClient()));
    await end(grant, await mark(grant), sent);
    expect(await openOf(grant.conversation)).toEqual([]);
    expect(await attemptsOf(grant.conversation)).toEqual([
      { n: 1, outcome: "sent", settled_by: null, declared: false, message_id: "m1" },
    ]);
  });

  test("the same end offered twice changes nothing more", async () => {
    const grant = grantFor(await bench.put(origin, newClient(), { texts: ["one", "two"] }));
    const marked = await mark(grant);
    await end(grant, marked, failed);
    await end(grant, marked, failed);
    expect(await openOf(grant.conversation)).toMatchObject([
      { status: "pending", attempt: 1, failures: 1 },
      { attempt: 0 },
    ]);
    expect(await attemptsOf(grant.conversation)).toHaveLength(1);
  });

  test("an end with another token or of another attempt closes nothing", async () => {
    const grant = grantFor(await bench.put(origin, newClient()));
    const marked = await mark(grant);
    await end({ ...grant, token: "somebody" }, marked, sent);
    await end(grant, { ...marked, attempt: 2 }, sent);
    expect(await openOf(grant.conversation)).toMatchObject([{ status: "sending" }]);
    expect(await attemptsOf(grant.conversation)).toEqual([]);
  });

  test("a grant that was too old costs neither an attempt nor a failure, and leaves no record", async () => {
    const grant = grantFor(await bench.put(origin, newClient()));
    await bench.store.exchange([grantExpired(grant, await mark(grant))], []);
    expect(await openOf(grant.conversation)).toMatchObject([
      { status: "pending", attempt: 0, failures: 0 },
    ]);
    expect(await attemptsOf(grant.conversation)).toEqual([]);
    expect(await mark(grantFor(grant.conversation))).toMatchObject({ attempt: 1 });
  });

  test("a mark whose answer was lost is taken back by its token, and only by it", async () => {
    const grant = grantFor(await bench.put(origin, newClient()));
    await mark(grant);
    await bench.store.exchange([markLost({ ...grant, token: "somebody" })], []);
    expect(await openOf(grant.conversation)).toMatchObject([{ status: "sending" }]);
    await bench.store.exchange([markLost(grant)], []);
    expect(await openOf(grant.conversation)).toMatchObject([{ status: "pending", attempt: 0 }]);
  });

  test("a mark that was never committed is taken back without harm", async () => {
    const grant = grantFor(await bench.put(origin, newClient()));
    await bench.store.exchange([markLost(grant)], []);
    expect(await openOf(grant.conversation)).toMatchObject([{ status: "pending", attempt: 0 }]);
  });

  test("an answer of the platform with what PostgreSQL cannot store is recorded all the same", async () => {
    const grant = grantFor(await bench.put(origin, newClient()));
    const marked = await mark(grant);
    await end(grant, marked, { type: "sent", messageId: "a\0b\ud800", status: 200 });
    expect(await attemptsOf(grant.conversation)).toMatchObject([
      { outcome: "sent", message_id: "a\ufffdb\ufffd" },
    ]);
  });

  test("an end and the next mark of the same conversation go in one call", async () => {
    const grant = grantFor(await bench.put(origin, newClient(), { texts: ["one", "two"] }));
    const marked = await mark(grant);
    const next = grantFor(grant.conversation);
    const finished = attemptEnded(grant, marked, {
      outcome: sent,
      after: afterAttempt(sent, context),
    });
    const [answer] = await bench.store.exchange([finished], [question(next)]);
    expect(answer).toMatchObject({ verdict: "marked", seq: "1002" });
  });
});

describe("unknown", () => {
  test("silence is recorded as such, and under resend the delivery waits for its back-off", async () => {
    const grant = grantFor(await bench.put(origin, newClient()));
    await declareSilent(await mark(grant), grant);
    expect(await attemptsOf(grant.conversation)).toMatchObject([
      { outcome: "unknown", declared: true, settled_by: null },
    ]);
    expect(await openOf(grant.conversation)).toMatchObject([{ status: "pending", failures: 1 }]);
    expect(await verdictOf(grantFor(grant.conversation))).toBe("waiting");
  });

  test("under hold it is final, shown, and what follows goes on", async () => {
    const grant = grantFor(await bench.put(origin, newClient(), { texts: ["one", "two"] }));
    await declareSilent(await mark(grant), grant, "hold");
    expect(await bench.deliveries(grant.conversation)).toMatchObject([
      { status: "unknown", attempts: 1 },
      { status: "pending" },
    ]);
    expect(await mark(grantFor(grant.conversation))).toMatchObject({ seq: "1002" });
  });

  test("a late answer settles the record and drops the resend that has not begun", async () => {
    const grant = grantFor(await bench.put(origin, newClient()));
    const marked = await mark(grant);
    await declareSilent(marked, grant);
    await end(grant, marked, sent);
    expect(await attemptsOf(grant.conversation)).toEqual([
      { n: 1, outcome: "sent", settled_by: "late_answer", declared: true, message_id: "m1" },
    ]);
    expect(await openOf(grant.conversation)).toEqual([]);
    expect(await verdictOf(grantFor(grant.conversation))).toBe("empty");
  });

  test("a late answer does not drop a resend that has begun, nor one that was certainly not sent", async () => {
    const begun = grantFor(await bench.put(origin, newClient()));
    const first = await mark(begun);
    await declareSilent(first, begun);
    await makeDue(begun.conversation);
    await mark(grantFor(begun.conversation));
    await end(begun, first, sent);
    expect(await openOf(begun.conversation)).toMatchObject([{ status: "sending", attempt: 2 }]);

    const refused = grantFor(await bench.put(origin, newClient()));
    const marked = await mark(refused);
    await declareSilent(marked, refused);
    await end(refused, marked, failed);
    expect(await attemptsOf(refused.conversation)).toMatchObject([{ outcome: "failed" }]);
    expect(await openOf(refused.conversation)).toMatchObject([{ status: "pending" }]);
  });

  test.each([failed, { type: "throttled", status: 429, retryAfterMs: 1, scope: null } as const])(
    "a delivery given up as unknown is shown as rejected when a late answer says that it did not arrive: %o",
    async (outcome) => {
      const grant = grantFor(await bench.put(origin, newClient()));
      const marked = await mark(grant);
      await declareSilent(marked, grant, "hold");
      await end(grant, marked, outcome, { ...context, policy: "hold" });
      expect(await attemptsOf(grant.conversation)).toMatchObject([
        { outcome: outcome.type, settled_by: "late_answer", declared: true },
      ]);
      expect(await bench.deliveries(grant.conversation)).toMatchObject([{ status: "rejected" }]);
      await bench.database.rows("DELETE FROM holds");
    },
  );

  test("a late answer to what was parked as unknown takes it out of the parked ones", async () => {
    const grant = grantFor(await bench.put(origin, newClient()));
    const marked = await mark(grant);
    await end(grant, marked, unknown, lastTry);
    expect(await bench.deliveries(grant.conversation)).toMatchObject([{ status: "parked" }]);
    await end(grant, marked, sent);
    expect(await bench.deliveries(grant.conversation)).toMatchObject([{ status: "sent" }]);
  });

  test("the fifth sender that falls silent over a delivery is the last", async () => {
    const conversation = await bench.put(origin, newClient(), { texts: ["one", "two"] });
    for (let n = 1; n <= 5; n += 1) {
      await makeDue(conversation);
      const grant = grantFor(conversation);
      await declareSilent(await mark(grant), grant);
    }
    expect(await bench.deliveries(conversation)).toMatchObject([
      { status: "parked", attempts: 5 },
      { status: "pending" },
    ]);
  });
});

describe("parked", () => {
  test("a delivery past its deadline is parked without a call, with all that a replay needs", async () => {
    const client = newClient();
    const conversation = await bench.put(origin, client, { deadlineMs: -1, ownerEpoch: 0 });
    const grant = grantFor(conversation);
    const marked = await mark(grant);
    expect(marked.left_ms).toBeLessThanOrEqual(0);
    const [before] = await bench.database.rows(
      "SELECT tenant_id, conv, seq, origin_id, author, owner_epoch, attempt, failures, body, created_at FROM outbox WHERE conv = $1",
      [conversation],
    );
    await bench.store.exchange([deadlinePassed(grant, marked)], []);
    const [parked] = await bench.database.rows("SELECT * FROM parked_deliveries WHERE conv = $1", [
      conversation,
    ]);
    expect(parked).toMatchObject({ ...before, reason: "deadline" });
    expect(await attemptsOf(conversation)).toMatchObject([{ outcome: "expired" }]);
    expect(await openOf(conversation)).toEqual([]);
  });

  test("spent retries are parked with their count and their history", async () => {
    const grant = grantFor(await bench.put(origin, newClient()));
    const marked = await mark(grant);
    await end(grant, marked, failed, lastTry);
    const [parked] = await bench.database.rows(
      "SELECT reason, attempt, failures FROM parked_deliveries WHERE conv = $1",
      [grant.conversation],
    );
    expect(parked).toEqual({ reason: "retries_spent", attempt: 1, failures: 1 });
    expect(await attemptsOf(grant.conversation)).toMatchObject([{ outcome: "failed" }]);
  });
});

describe("holds", () => {
  const throttled = (ms: number): SendOutcome => ({
    type: "throttled",
    status: 429,
    retryAfterMs: ms,
    scope: null,
  });
  const holdOf = async (of: Origin) => {
    const holds = await bench.store.holds();
    return holds.find((hold) => hold.origin_id === of.id);
  };
  const holdBy = async (of: Origin, outcome: SendOutcome) => {
    const grant = grantFor(await bench.put(of, newClient()), of);
    await end(grant, await mark(grant), outcome);
  };

  test("a throttle costs no failure, and its hold is kept with the longest time and that time's reason", async () => {
    const held = await bench.addOrigin();
    const conversation = await bench.put(held, newClient());
    const waiting = await bench.put(held, newClient());
    const [one, two] = [grantFor(conversation, held), grantFor(waiting, held)];
    const [first, second] = [await mark(one), await mark(two)];
    await end(one, first, { type: "quota", status: 403, detail: "monthly_limit" });
    expect(await openOf(conversation)).toMatchObject([{ status: "pending", failures: 0 }]);
    await end(two, second, throttled(5_000));
    const hold = await holdOf(held);
    expect(hold?.reason).toBe("quota");
    expect(hold?.left_ms).toBeGreaterThan(3_000_000);
  });

  test("a throttle of one scope keeps its account free, and is obeyed by those that name it", async () => {
    const of = await bench.addOrigin();
    const scoped = async (key: string): Promise<Grant> => ({
      ...grantFor(await bench.put(of, newClient()), of),
      scopes: [{ key, count: 1, windowMs: 1_000 }],
    });
    const first = await scoped("chat-1");
    const scope = { key: "chat-1", unsure: true };
    await end(first, await mark(first), {
      type: "throttled",
      status: 429,
      retryAfterMs: 9_000,
      scope,
    });
    expect(await holdOf(of)).toMatchObject({ scope: "chat-1", reason: "throttled" });
    const again = await ask(await scoped("chat-1"));
    expect(again).toMatchObject({ verdict: "held", held_scope: "chat-1" });
    expect(await verdictOf(await scoped("chat-2"))).toBe("marked");
    expect(await verdictOf(grantFor(await bench.put(of, newClient()), of))).toBe("marked");
  });

  test("a delivery whose address has moved goes to the new one, at once and with its attempt counted", async () => {
    const grant = grantFor(await bench.put(origin, newClient(), { texts: ["Hello"] }));
    await end(grant, await mark(grant), { type: "moved", status: 400, address: "elsewhere" });
    const marked = await mark(grantFor(grant.conversation));
    expect(marked.attempt).toBe(2);
    const moved = readDelivery(marked.body);
    expect([moved.address, wordsOf(moved.content)]).toEqual(["elsewhere", "Hello"]);
  });

  test("a longer one replaces it, and an old one begins anew", async () => {
    const held = await bench.addOrigin();
    await holdBy(held, throttled(250));
    await bench.database.rows(
      "UPDATE holds SET until = now() - interval '1 s', since = now() - interval '1 h' WHERE origin_id = $1",
      [held.id],
    );
    expect(await holdOf(held)).toBeUndefined();
    await holdBy(held, { type: "unauthorized", status: 403, detail: "token_refused" });
    expect(await holdOf(held)).toMatchObject({ reason: "unauthorized" });
    const [row] = await bench.database.rows<{ fresh: boolean }>(
      "SELECT since > now() - interval '10 s' AS fresh FROM holds WHERE origin_id = $1",
      [held.id],
    );
    expect(row?.fresh).toBe(true);
  });

  test("several in one call make one hold, the longest", async () => {
    const held = await bench.addOrigin();
    const grants: Grant[] = [];
    for (const ms of [1, 2, 3]) {
      grants.push(grantFor(await bench.put(held, `${newClient()}-${ms}`), held));
    }
    const ends: Finished[] = [];
    for (const [n, grant] of grants.entries()) {
      const outcome = throttled((n + 1) * 10_000);
      const after = afterAttempt(outcome, context);
      ends.push(attemptEnded(grant, await mark(grant), { outcome, after }));
    }
    await bench.store.exchange(ends, []);
    expect((await holdOf(held))?.left_ms).toBeGreaterThan(29_000);
  });
});
