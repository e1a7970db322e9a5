import { describe, expect, test } from "bun:test";
import { messageIdOf, outcomeOf } from "../../../../src/channels/meta/outcome.ts";
import { whatsAppCodes } from "../../../../src/channels/meta/whatsapp/codes.ts";

const pair = { key: "pair/1650", retryAfterMs: 6_000 };
const rules = { codes: whatsAppCodes, messageIdOf, pair };

function outcome(status: number, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const answer = { type: "answer", status, headers, body: text, endProven: true } as const;
  return outcomeOf(answer, rules);
}

function refused(code: number, status = 400, headers: Record<string, string> = {}) {
  const message = `(#${code}) the customer wrote +16505551234`;
  return outcome(status, { error: { message, type: "OAuthException", code } }, headers);
}

describe("an answer of success", () => {
  test("is sent with the message's id, in either form", () => {
    expect(outcome(200, { messages: [{ id: "wamid.A" }] })).toEqual({
      type: "sent",
      messageId: "wamid.A",
      status: 200,
    });
    expect(outcome(200, { recipient_id: "1", message_id: "m_A" })).toEqual({
      type: "sent",
      messageId: "m_A",
      status: 200,
    });
    expect(outcome(200, {})).toEqual({ type: "sent", messageId: null, status: 200 });
  });

  test("that cannot be read is unknown", () => {
    for (const body of ["", '{"messages":[{', "<html>"])
      expect(outcome(200, body)).toEqual({ type: "unknown", detail: "answer_unreadable" });
  });
});

describe("an error code", () => {
  test("of the reply window is a rejection with its own name, whatever the status", () => {
    for (const status of [200, 400, 500])
      expect(refused(131047, status)).toEqual({
        type: "rejected",
        status,
        reason: "outside_window",
        detail: "graph_131047",
      });
  });

  test("of a throttle holds the account, or only the customer it names", () => {
    for (const code of [4, 80007, 130429, 131048, 133016])
      expect(refused(code)).toEqual({
        type: "throttled",
        status: 400,
        retryAfterMs: null,
        scope: null,
      });
    expect(refused(131056)).toEqual({
      type: "throttled",
      status: 400,
      retryAfterMs: 6_000,
      scope: { key: "pair/1650", unsure: false },
    });
    expect(refused(999_999, 429)).toMatchObject({ type: "throttled", scope: null });
  });

  test("says how long to wait, in seconds or in the minutes of a usage header", () => {
    const waits = (headers: Record<string, string>) => refused(4, 400, headers);
    expect(waits({ "retry-after": "7" })).toMatchObject({ retryAfterMs: 7_000 });
    const usage = { type: "whatsapp", call_count: 100, estimated_time_to_regain_access: 3 };
    const header = JSON.stringify({
      "1022": [{ ...usage, estimated_time_to_regain_access: 0 }, usage],
    });
    expect(waits({ "x-business-use-case-usage": header })).toMatchObject({
      retryAfterMs: 180_000,
    });
    for (const odd of ["", "[]", '{"a":1}', '{"a":[null]}', "soon"])
      expect(waits({ "x-business-use-case-usage": odd })).toMatchObject({ retryAfterMs: null });
  });

  test("of a token or a permission stops the account, of a payment uses up its quota", () => {
    for (const code of [0, 3, 10, 190, 200, 299, 368, 131031, 131045])
      expect(refused(code)).toEqual({
        type: "unauthorized",
        status: 400,
        detail: `graph_${code}`,
      });
    expect(refused(131042)).toMatchObject({ type: "quota" });
  });

  test("of something that passes is tried again, of a message that never fits is not", () => {
    for (const code of [1, 2, 131000, 131016, 131053, 131057])
      expect(refused(code)).toMatchObject({ type: "failed" });
    const reasons = {
      unreachable: [131026, 131030, 131050, 131062],
      content: [100, 131008, 131009, 131051, 132000, 132001],
      too_long: [132005],
      other: [131049, 130472, 999_999],
    };
    for (const [reason, codes] of Object.entries(reasons))
      for (const code of codes) expect(refused(code)).toMatchObject({ type: "rejected", reason });
    expect(refused(999_999, 503)).toMatchObject({ type: "failed" });
  });

  test("carries neither words nor numbers of its sentence", () => {
    for (const code of [0, 4, 100, 131047, 131056, 999_999])
      expect(JSON.stringify(refused(code))).not.toContain("16505551234");
  });
});

describe("an answer that is not the Graph's", () => {
  test("is judged by its status", () => {
    expect(outcome(503, "busy")).toEqual({ type: "failed", status: 503, detail: "http_503" });
    expect(outcome(301, "")).toEqual({ type: "failed", status: 301, detail: "http_301" });
    expect(outcome(401, "")).toMatchObject({ type: "unauthorized" });
    expect(outcome(404, "gone")).toMatchObject({ type: "rejected", reason: "other" });
    expect(outcome(429, "", { "retry-after": "2" })).toEqual({
      type: "throttled",
      status: 429,
      retryAfterMs: 2_000,
      scope: null,
    });
  });

  test("or none at all is unknown once the request may have been read", () => {
    const failure = (kind: "refused" | "dns" | "no_answer") =>
      outcomeOf({ type: "failure", kind, detail: "d" }, rules);
    expect(failure("no_answer")).toEqual({ type: "unknown", detail: "d" });
    expect(failure("refused")).toEqual({ type: "not_sent", detail: "d" });
    expect(failure("dns")).toEqual({ type: "not_sent", detail: "d" });
  });
});
