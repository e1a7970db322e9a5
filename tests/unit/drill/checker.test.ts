import { describe, expect, test } from "bun:test";
import { check } from "../../../scripts/drill/checker/check.ts";
import { smallestHistory } from "../../../scripts/drill/checker/smallest.ts";
import type { Histories } from "../../../scripts/drill/histories.ts";
import { called, disturbed, flawless, posted } from "./history.ts";

/** The names of the invariants that a history breaks. */
function broken(histories: Histories): readonly string[] {
  return check(histories).flatMap(({ invariant, violations }) =>
    violations.length === 0 ? [] : [invariant],
  );
}

const base = flawless();
const { output, calls, invocations } = base;
const hold = [{ name: "a", policy: "hold", limit: { count: 1_000, windowMs: 60_000 } }] as const;

function withOutput(change: Partial<Histories["output"]>, more: Partial<Histories> = {}) {
  return flawless({ output: { ...output, ...change }, ...more });
}

test("a flawless history breaks nothing", () => {
  expect(broken(base)).toEqual([]);
});

describe("what was acknowledged", () => {
  test("and never applied is found", () => {
    const histories = withOutput({ logs: output.logs.slice(0, 4) });
    expect(broken(histories)).toContain("acknowledged is applied");
  });

  test("may be missing when nobody said 2xx", () => {
    const posts = base.posts.map((post) =>
      post.message === "5" ? { ...post, status: 503 } : post,
    );
    const rest = {
      ...output,
      logs: output.logs.slice(0, 4),
      replies: output.replies.slice(0, 4),
      orders: [],
    };
    const histories = flawless({
      posts,
      output: rest,
      calls: calls.slice(0, 4),
      disturbances: [disturbed({ target: "postgres", fromMs: 5_000, untilMs: 6_000 })],
    });
    expect(broken(histories)).toEqual([]);
  });
});

describe("what was applied", () => {
  test("twice is found", () => {
    const [first] = output.logs;
    const twice = first === undefined ? [] : [{ ...first, seq: 9_000, event: "e9" }];
    expect(broken(withOutput({ logs: [...output.logs, ...twice] }))).toContain("effects once");
  });

  test("and written by nobody is found", () => {
    expect(broken(flawless({ invocations: invocations.slice(0, 4) }))).toContain("effects once");
  });

  test("before a message that was acknowledged before it was posted is found", () => {
    const logs = output.logs.map((log) => (log.message === "1" ? { ...log, seq: 2_500 } : log));
    expect(broken(withOutput({ logs }))).toContain("order per conversation");
  });

  test("in another order is right when both were on their way together", () => {
    const late = base.posts.map((post) => (post.message === "1" ? { ...post, atMs: 2_005 } : post));
    const swapped = output.logs.map((log) => (log.message === "1" ? { ...log, seq: 2_500 } : log));
    expect(broken(withOutput({ logs: swapped }, { posts: late }))).not.toContain(
      "order per conversation",
    );
  });

  test("on a state that was not the latest is found", () => {
    const logs = output.logs.map((log) =>
      log.message === "3" ? { ...log, before: "WAITING_ADDRESS" } : log,
    );
    expect(broken(withOutput({ logs }))).toContain("every decision on the latest state");
  });

  test("makes one order with the client's data, neither none nor two nor another's", () => {
    const name = "every decision on the latest state";
    const [order] = output.orders;
    const other = order === undefined ? [] : [{ ...order, quantity: 8 }];
    expect(broken(withOutput({ orders: [] }))).toContain(name);
    expect(broken(withOutput({ orders: [...output.orders, ...output.orders] }))).toContain(name);
    expect(broken(withOutput({ orders: other }))).toContain(name);
  });
});

describe("a second copy of a reply", () => {
  const again = called(3, "What quantity?", { call: 9, arrivedMs: 20_000, acceptedMs: 20_000 });
  const copied = [...calls, again];

  test("is found when the end of the first was known", () => {
    expect(broken(flawless({ calls: copied }))).toEqual(["one delivery per message"]);
  });

  test("is right when the platform's answer to the first was cut, and wrong under hold", () => {
    const cut = copied.map((call) =>
      call.call === 3 && call.end !== null
        ? { ...call, end: { ...call.end, ending: "cut" as const, status: null } }
        : call,
    );
    expect(broken(flawless({ calls: cut }))).toEqual([]);
    expect(broken(flawless({ calls: cut, accounts: hold }))).toEqual(["one delivery per message"]);
  });

  test("is right when the sender was killed before the outcome can have been committed", () => {
    const killed = [disturbed({ fromMs: 3_104, untilMs: 3_104 })];
    expect(broken(flawless({ calls: copied, disturbances: killed }))).not.toContain(
      "one delivery per message",
    );
    const earlier = [disturbed({ fromMs: 2_900, untilMs: 2_900 })];
    expect(broken(flawless({ calls: copied, disturbances: earlier }))).toContain(
      "one delivery per message",
    );
  });
});

describe("a reply", () => {
  test("that never reached its client is found", () => {
    const missing = calls.filter(({ call }) => call !== 2);
    expect(broken(flawless({ calls: missing }))).toContain("one delivery per message");
    expect(broken(flawless({ calls: missing }))).toContain("nothing is stuck");
  });

  test("that is held as unknown after an ambiguous attempt is right, and wrong without one", () => {
    const missing = calls.filter(({ call }) => call !== 2);
    const replies = output.replies.map((reply) =>
      reply.delivery === "d2" ? { ...reply, status: "unknown" } : reply,
    );
    const held = { calls: missing, accounts: hold, output: { ...output, replies } };
    const cause = [disturbed({ fromMs: 2_100, untilMs: 2_100 })];
    expect(broken(flawless({ ...held, disturbances: cause }))).toEqual([]);
    expect(broken(flawless(held))).toContain("one delivery per message");
  });

  test("before an earlier one of its conversation is found", () => {
    const swapped = calls.map((call) =>
      call.call === 2 ? { ...call, arrivedMs: 3_500, acceptedMs: 3_500 } : call,
    );
    expect(broken(flawless({ calls: swapped }))).toContain("replies in order");
  });

  test("that does not fit its step is found", () => {
    const wrong = calls.map((call) => (call.call === 2 ? { ...call, text: "Thank you!" } : call));
    expect(broken(flawless({ calls: wrong }))).toContain("every decision on the latest state");
  });
});

describe("the window", () => {
  const tight = [{ name: "a", policy: "resend", limit: { count: 2, windowMs: 1_900 } }] as const;

  test("is broken by one call too many, by the clock of arrivals", () => {
    expect(broken(flawless({ accounts: tight }))).toEqual([]);
    const crowded = calls.map((call) => (call.call === 2 ? { ...call, arrivedMs: 2_500 } : call));
    const closer = crowded.map((call) => (call.call === 3 ? { ...call, arrivedMs: 2_900 } : call));
    expect(broken(flawless({ accounts: tight, calls: closer }))).toContain(
      "the window is never exceeded",
    );
  });

  test("counts from when a call may have come while the machine was busy", () => {
    const close = calls.map((call) => (call.call === 3 ? { ...call, arrivedMs: 2_900 } : call));
    const name = "the window is never exceeded";
    expect(broken(flawless({ accounts: tight, calls: close }))).toContain(name);
    const lags = [{ atMs: 1_101, lagMs: 150 }];
    expect(broken(flawless({ accounts: tight, calls: close, lags }))).not.toContain(name);
  });

  test("a call before the end of a Retry-After is found", () => {
    const holds = [{ account: "a", fromMs: 1_150, retryAfterMs: 5_000 }];
    expect(broken(flawless({ holds }))).toContain("Retry-After is obeyed");
    expect(
      broken(flawless({ holds: [{ account: "a", fromMs: 1_150, retryAfterMs: 900 }] })),
    ).toEqual([]);
  });
});

describe("time", () => {
  test("work of a killed worker that takes longer than its limit is found", () => {
    const late = calls.map((call) =>
      call.call === 5 ? { ...call, arrivedMs: 19_000, acceptedMs: 19_000 } : call,
    );
    const killed = disturbed({ target: "worker", fromMs: 5_050, untilMs: 5_050 });
    const name = "killed work runs again in time";
    expect(broken(flawless({ calls: late, disturbances: [killed] }))).toContain(name);
    const second = disturbed({ target: "redis", fromMs: 6_000, untilMs: 7_000 });
    expect(broken(flawless({ calls: late, disturbances: [killed, second] }))).not.toContain(name);
  });

  test("a delivery that met trouble before its sender was killed may wait for its back-off", () => {
    const late = calls.map((call) =>
      call.call === 5 ? { ...call, arrivedMs: 22_000, acceptedMs: 22_000 } : call,
    );
    const killed = disturbed({ fromMs: 5_050, untilMs: 5_050 });
    const name = "killed work runs again in time";
    expect(broken(flawless({ calls: late, disturbances: [killed] }))).toContain(name);
    const before = disturbed({ target: "outbox-platform", kind: "cut", untilMs: 5_030 });
    expect(broken(flawless({ calls: late, disturbances: [before, killed] }))).not.toContain(name);
  });

  test("a message that is answered more than a minute after healing is found", () => {
    const late = calls.map((call) =>
      call.call === 5 ? { ...call, arrivedMs: 171_000, acceptedMs: 171_000 } : call,
    );
    expect(broken(flawless({ calls: late }))).toEqual(["nothing is stuck"]);
  });

  test("open work at the end is found", () => {
    expect(broken(withOutput({ open: { pending: 1, outbox: 0 } }))).toEqual(["nothing is stuck"]);
  });
});

describe("poison", () => {
  test("that is not parked is found, and so is an innocent message that is", () => {
    const name = "poison fails alone";
    const poisoned = invocations.map((one) =>
      one.message === "5" ? { ...one, poison: true } : one,
    );
    expect(broken(flawless({ invocations: poisoned }))).toContain(name);
    expect(broken(withOutput({ parked: [{ account: "a", message: "2" }] }))).toContain(name);
  });
});

describe("the door", () => {
  const name = "the door is open, or says 503 at once";

  test("is judged: a webhook refused for no reason is found", () => {
    const refused = [...base.posts, posted(5, { status: 503, startedMs: 5_100, atMs: 5_110 })];
    expect(broken(flawless({ posts: refused }))).toEqual([name]);
  });

  test("may say 503 while PostgreSQL is away, but not after more than a second", () => {
    const disturbances = [disturbed({ target: "postgres", fromMs: 5_050, untilMs: 9_000 })];
    const quick = [...base.posts, posted(5, { status: 503, startedMs: 5_100, atMs: 5_900 })];
    const slow = [...base.posts, posted(5, { status: 503, startedMs: 5_100, atMs: 8_000 })];
    expect(broken(flawless({ posts: quick, disturbances }))).toEqual([]);
    expect(broken(flawless({ posts: slow, disturbances }))).toEqual([name]);
  });
});

describe("the ledger", () => {
  const [line] = output.ledger;
  const lines = (change: object) => (line === undefined ? [] : [{ ...line, ...change }]);

  test("that does not add up is found", () => {
    expect(broken(withOutput({ ledger: lines({ applied: 4 }) }))).toEqual(["the ledger balances"]);
  });

  test("that has fewer events than were acknowledged, or more than were posted, is found", () => {
    const few = lines({ received: 4, applied: 4 });
    const many = lines({ received: 6, duplicate: 1 });
    expect(broken(withOutput({ ledger: few }))).toEqual(["the ledger balances"]);
    expect(broken(withOutput({ ledger: many }))).toEqual(["the ledger balances"]);
  });
});

test("the smallest offending history tells what happened to the conversation, without its texts", () => {
  const histories = withOutput({ logs: output.logs.slice(0, 4) });
  const lines = smallestHistory(histories, check(histories)).join("\n");
  expect(lines).toContain("conversation a/c");
  expect(lines).toContain("writes 5 (yes): not applied");
  expect(lines).not.toContain("Drill Street");
});
