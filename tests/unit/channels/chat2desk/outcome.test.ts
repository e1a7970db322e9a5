import { describe, expect, test } from "bun:test";
import type { SendOutcome } from "../../../../src/channels/channel.ts";
import {
  createOutcomeReader,
  outcomeOfFailure,
} from "../../../../src/channels/chat2desk/outcome.ts";

const now = Date.parse("2026-03-04T05:06:07Z");
const outcomeOf = createOutcomeReader({ now: () => now, monotonic: () => 0 });

type Given = { readonly headers?: Record<string, string>; readonly endProven?: boolean };

function outcome(status: number, body: unknown, given: Given = {}): SendOutcome {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return outcomeOf({
    type: "answer",
    status,
    headers: given.headers ?? {},
    body: text,
    endProven: given.endProven ?? true,
  });
}

function retryAfter(value: string, headers: Record<string, string> = {}): number | null {
  const throttled = outcome(429, "", { headers: { ...headers, "retry-after": value } });
  if (throttled.type !== "throttled") throw new Error("expected a throttled send");
  return throttled.retryAfterMs;
}

const error = (message: string) => ({ status: "error", message });

describe("sent", () => {
  test("a success carries the message's id, exact whatever its size or type", () => {
    expect(outcome(200, { data: { message_id: 106_001 }, status: "success" })).toEqual({
      type: "sent",
      messageId: "106001",
      status: 200,
    });
    expect(outcome(201, '{"data":{"message_id":9007199254740993},"status":"success"}')).toEqual({
      type: "sent",
      messageId: "9007199254740993",
      status: 201,
    });
    expect(outcome(202, { data: { message_id: "m-7" } })).toEqual({
      type: "sent",
      messageId: "m-7",
      status: 202,
    });
  });

  test("any 2xx that does not say error is sent, without an id when none can be read", () => {
    for (const body of [
      "",
      "ok",
      "{}",
      "[]",
      "null",
      '{"data":null}',
      '{"data":{"message_id":{}}}',
      '{"data":',
      '{"status":"queued"}',
    ]) {
      expect(outcome(200, body)).toEqual({ type: "sent", messageId: null, status: 200 });
    }
    expect(outcome(204, "")).toEqual({ type: "sent", messageId: null, status: 204 });
  });

  test("an echo of our own text decides nothing, whatever it quotes", () => {
    const data = { message_id: 5, text: "API calls exceeded API limit per month" };
    expect(outcome(200, { data, status: "success" })).toEqual({
      type: "sent",
      messageId: "5",
      status: 200,
    });
    expect(outcome(200, { data })).toEqual({ type: "sent", messageId: "5", status: 200 });
    expect(
      outcome(400, { ...error("bad client_id"), data: { text: "Number of API requests exceeded" } })
        .type,
    ).toBe("rejected");
  });

  test("a 2xx whose body makes no sense and may have been cut is unknown", () => {
    for (const body of ["", '{"status":"err']) {
      expect(outcome(200, body, { endProven: false })).toEqual({
        type: "unknown",
        detail: "answer_cut",
      });
    }
    expect(outcome(200, { status: "success" }, { endProven: false }).type).toBe("sent");
  });
});

describe("throttled and quota", () => {
  test("429 is throttled, with any body", () => {
    for (const body of ["", "slow down", error("too many")]) {
      expect(outcome(429, body)).toEqual({
        type: "throttled",
        status: 429,
        retryAfterMs: null,
        scope: null,
      });
    }
  });

  test("the platform's sentence is throttled, whatever the status and the form of the body", () => {
    for (const status of [200, 400, 403, 500, 503]) {
      expect(outcome(status, error("Number of API requests exceeded"))).toEqual({
        type: "throttled",
        status,
        retryAfterMs: null,
        scope: null,
      });
      expect(outcome(status, "Number of API requests exceeded").type).toBe("throttled");
      expect(
        outcome(status, { status: "error", errors: { base: ["Number of API requests exceeded"] } })
          .type,
      ).toBe("throttled");
    }
  });

  test("the monthly sentence is a quota, whatever the status", () => {
    for (const status of [200, 400, 403, 429, 500]) {
      expect(outcome(status, error("API calls exceeded API limit per month"))).toEqual({
        type: "quota",
        status,
        detail: "monthly_limit",
      });
    }
  });

  test("Retry-After is read as seconds", () => {
    expect(retryAfter("7")).toBe(7_000);
    expect(retryAfter("0")).toBe(0);
    expect(retryAfter("1.5")).toBe(1_500);
  });

  test("Retry-After is read as a date, by the server's clock where it tells it", () => {
    expect(retryAfter("Wed, 04 Mar 2026 05:06:37 GMT")).toBe(30_000);
    expect(
      retryAfter("Wed, 04 Mar 2026 05:06:37 GMT", { date: "Wed, 04 Mar 2026 05:06:27 GMT" }),
    ).toBe(10_000);
    expect(retryAfter("Wed, 04 Mar 2026 05:00:00 GMT")).toBe(0);
  });

  test("Retry-After never asks for more than a day", () => {
    expect(retryAfter("9".repeat(400))).toBe(86_400_000);
    expect(retryAfter("Thu, 04 Mar 2027 05:06:37 GMT")).toBe(86_400_000);
  });

  test("a Retry-After that makes no sense is none", () => {
    for (const value of [
      "",
      "soon",
      "-5",
      "2026-03-04",
      "1 minute",
      "NaN",
      "Wednesday",
      "Wed, 99 Foo 2026 GMT",
    ]) {
      expect(retryAfter(value)).toBeNull();
    }
  });
});

describe("unauthorized", () => {
  test("a refused token is told by sentence, by 401, or by a 403 that mentions it", () => {
    const refused = (status: number) => ({
      type: "unauthorized" as const,
      status,
      detail: "token_refused",
    });
    expect(outcome(401, "")).toEqual(refused(401));
    expect(outcome(403, error("Bad API Token"))).toEqual(refused(403));
    expect(outcome(403, "invalid token")).toEqual(refused(403));
    for (const status of [200, 400, 403, 500]) {
      expect(outcome(status, error("You need to auth"))).toEqual(refused(status));
      expect(outcome(status, error("You have to specify your token in the header"))).toEqual(
        refused(status),
      );
    }
  });

  test("another 403 is only this message's fault", () => {
    expect(outcome(403, error("forbidden"))).toEqual({
      type: "rejected",
      status: 403,
      reason: "other",
      detail: "http_403",
    });
  });
});

describe("rejected and failed", () => {
  test("what the platform refuses is permanent", () => {
    expect(outcome(400, error("bad client_id"))).toEqual({
      type: "rejected",
      status: 400,
      reason: "other",
      detail: "http_400",
    });
    expect(outcome(404, "Page not found")).toEqual({
      type: "rejected",
      status: 404,
      reason: "other",
      detail: "http_404",
    });
    expect(outcome(200, error("bad client_id"))).toEqual({
      type: "rejected",
      status: 200,
      reason: "other",
      detail: "status_error",
    });
  });

  test("what may pass is tried again: server errors, 408, 425 and redirects", () => {
    for (const status of [301, 302, 307, 408, 425, 500, 502, 503, 504]) {
      expect(outcome(status, "")).toEqual({ type: "failed", status, detail: `http_${status}` });
    }
  });

  test("a success status in the body of an error answer changes nothing", () => {
    expect(outcome(500, { status: "success" }).type).toBe("failed");
  });

  test("no detail quotes the answer", () => {
    for (const status of [200, 400, 401, 403, 404, 500]) {
      expect(JSON.stringify(outcome(status, error("token secret-77 of +77005550015")))).not.toMatch(
        /secret-77|7700/,
      );
    }
  });
});

test("only a refused connection and an unknown name are surely unsent", () => {
  expect(outcomeOfFailure({ type: "failure", kind: "refused", detail: "r" })).toEqual({
    type: "not_sent",
    detail: "r",
  });
  expect(outcomeOfFailure({ type: "failure", kind: "dns", detail: "d" })).toEqual({
    type: "not_sent",
    detail: "d",
  });
  expect(outcomeOfFailure({ type: "failure", kind: "no_answer", detail: "n" })).toEqual({
    type: "unknown",
    detail: "n",
  });
});
