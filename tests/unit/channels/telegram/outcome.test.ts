import { describe, expect, test } from "bun:test";
import type { ApiRefusal } from "../../../../src/channels/telegram/api.ts";
import { limits } from "../../../../src/channels/telegram/limits.ts";
import { outcomeOf } from "../../../../src/channels/telegram/outcome.ts";

const place = { chat: 17, topic: null, direct: null, business: null };

function refused(status: number, description = "", more: Partial<ApiRefusal> = {}) {
  const sentence = description.toLowerCase();
  return outcomeOf(
    { type: "refused", status, description: sentence, retryAfterS: null, movedTo: null, ...more },
    place,
  );
}

describe("a send that Telegram refused", () => {
  test.each([
    [403, "Forbidden: bot was blocked by the user", "unreachable", "blocked_by_user"],
    [403, "Forbidden: user is deactivated", "unreachable", "user_deactivated"],
    [403, "Forbidden: bot was kicked from the supergroup chat", "unreachable", "bot_removed"],
    [403, "Forbidden: bot can't initiate conversation with a user", "unreachable", "never_wrote"],
    [400, "Bad Request: chat not found", "unreachable", "chat_not_found"],
    [400, "Bad Request: message thread not found", "unreachable", "topic_not_found"],
    [400, "Bad Request: message is too long", "too_long", "too_long"],
    [400, "Bad Request: message caption is too long", "too_long", "too_long"],
    [400, "Bad Request: can't parse entities: x", "content", "bad_markup"],
    [400, "Bad Request: message text is empty", "content", "empty"],
    [400, "Bad Request: failed to get HTTP URL content", "content", "file_not_fetched"],
    [400, "Bad Request: BUTTON_DATA_INVALID", "content", "bad_button"],
    [400, "Bad Request: something new", "other", "http_400"],
    [403, "Forbidden: something new", "unreachable", "http_403"],
  ] as const)("%d %s is %s for ever", (status, sentence, reason, detail) => {
    expect(refused(status, sentence)).toEqual({ type: "rejected", status, reason, detail });
  });

  test("for now waits as long as it is told, for the chat or, in doubt, the bot", () => {
    expect(refused(429, "Too Many Requests: retry after 5", { retryAfterS: 5 })).toEqual({
      type: "throttled",
      status: 429,
      retryAfterMs: 5_000,
      scope: { key: "c17", unsure: true },
    });
    expect(refused(429, "", { retryAfterS: 10_000_000 })).toMatchObject({
      retryAfterMs: 86_400_000,
    });
    expect(refused(429)).toMatchObject({ retryAfterMs: null });
  });

  test("because the group moved goes to where it is now, topic and all", () => {
    const topic = { ...place, chat: -5, topic: 7 };
    expect(
      outcomeOf(
        { type: "refused", status: 400, description: "", retryAfterS: null, movedTo: -100_777 },
        topic,
      ),
    ).toEqual({ type: "moved", status: 400, address: "[-100777,7]" });
  });

  test("with a token that it does not know stops the account; its own faults pass", () => {
    for (const status of [401, 404]) expect(refused(status).type).toBe("unauthorized");
    for (const status of [500, 502, 409]) expect(refused(status).type).toBe("failed");
  });
});

describe("an answer that is none of the Bot API's", () => {
  test("sent nothing when it says so, and may be anything when it does not", () => {
    expect(outcomeOf({ type: "foreign", status: 502 }, place).type).toBe("failed");
    expect(outcomeOf({ type: "foreign", status: 200 }, place).type).toBe("unknown");
    expect(outcomeOf({ type: "cut", status: 200 }, place).type).toBe("unknown");
  });
});

test("a sent message is named by its chat, also where Telegram says no more than its number", () => {
  const result = { message_id: 43, chat: { id: -100_777 } };
  expect(outcomeOf({ type: "ok", status: 200, result }, place)).toMatchObject({
    messageId: "-100777:43",
  });
  expect(outcomeOf({ type: "ok", status: 200, result: { message_id: 43 } }, place)).toMatchObject({
    messageId: "17:43",
  });
  expect(outcomeOf({ type: "ok", status: 200, result: true }, place)).toMatchObject({
    messageId: null,
  });
});

test("topics of a group share its limits, private chats have one, and the keys fit", () => {
  const keys = (identity: string) => limits.scopes(identity).map(({ key }) => key);
  expect(keys("17")).toEqual(["c17"]);
  expect(keys("17@bc")).toEqual(["c17"]);
  expect(keys("-100500")).toEqual(["c-100500", "g-100500"]);
  expect(keys("-100500/7")).toEqual(keys("-100500"));
  expect(limits.scopesWithinMs).toBe(60_000);
});
