import { describe, expect, test } from "bun:test";
import type { MediaOutcome } from "../../../src/media/job.ts";
import { type Attempted, afterAttempt } from "../../../src/media/policy.ts";

const day = 86_400_000;
const first: Attempted = { attempt: 1, ageMs: 0, deadlineMs: day, jitter: 0 };
const failed: MediaOutcome = { type: "failed", detail: "timeout", retryAfterMs: null };
const file = { bytes: 1, sha256: "", contentType: "image/png" };

describe("what follows an attempt to fetch a file", () => {
  test("stored, gone and refused are the end", () => {
    expect(afterAttempt({ type: "stored", key: "k", file }, first).status).toBe("stored");
    for (const type of ["gone", "refused"] as const)
      expect(afterAttempt({ type, detail: "why" }, first)).toEqual({
        status: type,
        waitMs: 0,
        reason: "why",
      });
  });

  test("a failure is tried again later and later, up to half an hour apart", () => {
    const waits = [1, 2, 3, 10, 11, 1_000].map(
      (attempt) => afterAttempt(failed, { ...first, attempt }).waitMs,
    );
    expect(waits).toEqual([4_000, 8_000, 16_000, 1_800_000, 1_800_000, 1_800_000]);
    expect(afterAttempt(failed, { ...first, jitter: 1 }).waitMs).toBe(6_000);
  });

  test("a failure whose next try would come after the deadline is given up with its reason", () => {
    expect(afterAttempt(failed, { ...first, ageMs: day - 4_000 }).status).toBe("pending");
    expect(afterAttempt(failed, { ...first, ageMs: day - 3_999 })).toEqual({
      status: "failed",
      waitMs: 0,
      reason: "timeout",
    });
  });

  test("a platform that asks for patience gets it, within an hour", () => {
    const asked = (retryAfterMs: number) => afterAttempt({ ...failed, retryAfterMs }, first).waitMs;
    expect(asked(60_000)).toBe(60_000);
    expect(asked(1)).toBe(4_000);
    expect(asked(day)).toBe(3_600_000);
  });

  test("a file that is missing is gone at the fourth time", () => {
    const missing: MediaOutcome = { type: "missing", detail: "status_404" };
    const statuses = [1, 2, 3, 4].map(
      (attempt) => afterAttempt(missing, { ...first, attempt }).status,
    );
    expect(statuses).toEqual(["pending", "pending", "pending", "gone"]);
  });

  test("an attempt that we cut short ourselves is due at once, even past the deadline", () => {
    expect(afterAttempt({ type: "interrupted" }, { ...first, ageMs: 2 * day })).toMatchObject({
      status: "pending",
      waitMs: 0,
    });
  });
});
