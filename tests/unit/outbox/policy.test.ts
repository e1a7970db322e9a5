import { describe, expect, test } from "bun:test";
import type { SendOutcome } from "../../../src/channels/channel.ts";
import {
  type AttemptContext,
  afterAttempt,
  afterSilence,
  backOffMs,
} from "../../../src/outbox/policy.ts";

const dayMs = 86_400_000;
const hourMs = 3_600_000;
const fresh: AttemptContext = { failures: 0, policy: "resend", leftMs: dayMs, jitter: 0 };
const failed: SendOutcome = { type: "failed", status: 500, detail: "http_500" };
const unknown: SendOutcome = { type: "unknown", detail: "timeout" };
/** The quick retries and the slow ones. */
const retries = 3 + 50;

describe("back-off", () => {
  test("the first three retries come after 1, 2 and 4 seconds, whatever the jitter", () => {
    for (const jitter of [0, 0.5, 0.999]) {
      expect([0, 1, 2].map((failures) => backOffMs(failures, jitter))).toEqual([
        1_000, 2_000, 4_000,
      ]);
    }
  });

  test("slow retries grow from more than the last quick one up to an hour and stay there", () => {
    const waits = Array.from({ length: 50 }, (_, n) => backOffMs(3 + n, 0));
    expect(waits[0]).toBeGreaterThan(4_000);
    for (const [n, wait] of waits.entries()) {
      const before = waits[n - 1] ?? 0;
      expect(wait > before || wait === hourMs).toBe(true);
    }
    expect(waits.at(-1)).toBe(hourMs);
  });

  test("jitter takes away up to a half, so that what failed together does not come back together", () => {
    for (const failures of [3, 10, 30, 52]) {
      const full = backOffMs(failures, 0);
      expect(backOffMs(failures, 0.5)).toBe(Math.round(full * 0.75));
      expect(backOffMs(failures, 0.999)).toBeGreaterThanOrEqual(full / 2);
    }
  });

  test("all retries fit a day only in part: the deadline ends what the count does not", () => {
    const waits = Array.from({ length: retries }, (_, n) => backOffMs(n, 0));
    expect(waits.reduce((sum, wait) => sum + wait, 0)).toBeGreaterThan(dayMs);
  });
});

describe("certain failures", () => {
  for (const outcome of [failed, { type: "not_sent", detail: "connection_refused" }] as const) {
    test(`${outcome.type} counts as one failure and comes back after its back-off`, () => {
      const after = afterAttempt(outcome, { ...fresh, failures: 1 });
      expect(after).toEqual({
        final: false,
        waitMs: 2_000,
        failures: 1,
        hold: null,
        movedTo: null,
        parkReason: null,
      });
    });
  }

  test("the 54th failed attempt is the last: it is parked, the 53rd is not", () => {
    expect(afterAttempt(failed, { ...fresh, failures: retries - 1 }).final).toBe(false);
    const last = afterAttempt(failed, { ...fresh, failures: retries });
    expect(last).toMatchObject({ final: true, parkReason: "retries_spent" });
  });

  test("a retry that would come after the deadline is not waited for", () => {
    const after = afterAttempt(failed, { ...fresh, failures: 2, leftMs: 4_000 });
    expect(after).toMatchObject({ final: true, parkReason: "deadline" });
    expect(afterAttempt(failed, { ...fresh, failures: 2, leftMs: 4_001 }).final).toBe(false);
  });
});

describe("what is not the message's fault burns no attempt", () => {
  const outcomes: readonly (readonly [string, SendOutcome, number])[] = [
    [
      "a throttle with a time",
      { type: "throttled", status: 429, retryAfterMs: 7_000, scope: null },
      7_000,
    ],
    [
      "a throttle without one",
      { type: "throttled", status: 429, retryAfterMs: null, scope: null },
      5_000,
    ],
    ["a used-up quota", { type: "quota", status: 403, detail: "monthly_limit" }, hourMs],
    [
      "a refused token",
      { type: "unauthorized", status: 403, detail: "token_refused" },
      hourMs / 12,
    ],
  ];
  for (const [name, outcome, holdMs] of outcomes) {
    test(`${name} holds the account and leaves the delivery as it was`, () => {
      const after = afterAttempt(outcome, { ...fresh, failures: retries });
      expect(after).toMatchObject({ final: false, failures: 0, waitMs: 0, parkReason: null });
      expect(after.hold).toMatchObject({ ms: holdMs, reason: outcome.type });
    });
  }

  test("a throttle that says `now` is still a pause, not a loop", () => {
    const after = afterAttempt(
      { type: "throttled", status: 429, retryAfterMs: 0, scope: null },
      fresh,
    );
    expect(after.hold?.ms).toBeGreaterThanOrEqual(100);
  });
});

describe("unknown", () => {
  test("under hold it is final and no second copy is made", () => {
    const after = afterAttempt(unknown, { ...fresh, policy: "hold" });
    expect(after).toMatchObject({ final: true, parkReason: null, hold: null });
  });

  test("under resend it is tried again like a failure, and ends like one", () => {
    expect(afterAttempt(unknown, fresh)).toMatchObject({
      final: false,
      waitMs: 1_000,
      failures: 1,
    });
    expect(afterAttempt(unknown, { ...fresh, failures: retries }).parkReason).toBe("retries_spent");
  });

  test("a delivery that silenced five senders is parked, four are bad luck", () => {
    expect(afterSilence(fresh, 3).final).toBe(false);
    expect(afterSilence(fresh, 4)).toMatchObject({ final: true, parkReason: "senders_silent" });
    expect(afterSilence({ ...fresh, policy: "hold" }, 0)).toMatchObject({
      final: true,
      parkReason: null,
    });
  });
});

describe("ends", () => {
  test("sent and rejected are final and leave nothing behind", () => {
    for (const outcome of [
      { type: "sent", messageId: "1", status: 200 },
      { type: "rejected", status: 400, reason: "other", detail: "http_400" },
    ] as const) {
      expect(afterAttempt(outcome, fresh)).toEqual({
        final: true,
        waitMs: 0,
        failures: 0,
        hold: null,
        movedTo: null,
        parkReason: null,
      });
    }
  });
});
