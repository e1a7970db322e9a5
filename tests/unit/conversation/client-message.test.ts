import { describe, expect, test } from "bun:test";
import {
  decided,
  fresh,
  fromClient,
  minuteMs,
  only,
  rules,
  toClient,
  after,
} from "./conversation.ts";

describe("while the bot owns the session", () => {
  test("a client's message is kept, logged with both states and answered once, in this order", () => {
    const { state, effects } = decided(fresh, minuteMs, fromClient("hello"));
    expect(effects.map((effect) => effect.type)).toEqual(["session", "message", "log", "reply"]);
    expect(only(effects, "log")[0]).toEqual({
      type: "log",
      eventId: String(minuteMs),
      clientId: "client-1",
      messageId: "m-hello",
      text: "hello",
      stateBefore: "INITIAL",
      stateAfter: "WAITING_ADDRESS",
      success: true,
      reason: null,
      at: minuteMs,
    });
    expect(state.run.state).toBe("WAITING_ADDRESS");
  });

  test("the answer goes to the address that the message came with, in the session's epoch", () => {
    const { effects } = decided(fresh, minuteMs, fromClient("hello"));
    const [reply] = only(effects, "reply");
    expect(reply?.address).toEqual(fromClient("hello").address);
    expect(reply?.ownerEpoch).toBe(0);
    expect(reply?.session).toBe(1);
  });

  test("what the dialog does not understand is logged as a failure with its reason, and answered", () => {
    const asked = after([fromClient("hello")]);
    const { effects } = decided(asked, 2 * minuteMs, fromClient("x"));
    expect(only(effects, "log")[0]).toMatchObject({
      stateBefore: "WAITING_ADDRESS",
      stateAfter: "WAITING_ADDRESS",
      success: false,
    });
    expect(only(effects, "log")[0]?.reason).not.toBeNull();
    expect(only(effects, "reply")).toHaveLength(1);
  });

  test("a whole order leaves one order and one completed outcome that counts the client's messages", () => {
    const ready = after(
      ["hi", "221B Baker Street", "+14155552671", "3"].map((text) => fromClient(text)),
    );
    const { effects } = decided(ready, 9 * minuteMs, fromClient("yes"));
    const dialog = only(effects, "dialog");
    expect(dialog.map((one) => one.effect.type)).toEqual(["order_placed", "run_ended"]);
    expect(dialog[0]?.clientId).toBe("client-1");
    expect(dialog[1]?.effect).toMatchObject({ outcome: "completed", messages: 5, run: 1 });
  });

  test("the profile is recorded with the first message of a session only", () => {
    const contact = {
      name: "Ada",
      assignedName: null,
      phone: null,
      username: null,
      externalId: null,
    };
    const first = decided(fresh, minuteMs, fromClient("hello", { contact }));
    expect(only(first.effects, "contact")).toHaveLength(1);
    const second = decided(first.state, 2 * minuteMs, fromClient("again", { contact }));
    expect(only(second.effects, "contact")).toEqual([]);
  });
});

describe("messages that are not answered", () => {
  test("a person owns the session: kept, logged with the reason, the dialog does not move", () => {
    const taken = after([fromClient("hello"), toClient("I will help")]);
    const { state, effects } = decided(taken, 5 * minuteMs, fromClient("221B Baker Street"));
    expect(effects.map((effect) => effect.type)).toEqual(["message", "log"]);
    expect(only(effects, "log")[0]).toMatchObject({
      success: false,
      reason: "silenced_operator_owns_session",
      stateBefore: "WAITING_ADDRESS",
      stateAfter: "WAITING_ADDRESS",
    });
    expect(state.run).toEqual(taken.run);
  });

  test("imported history is kept and logged, but begins no session, moves nothing and is not answered", () => {
    const { state, effects } = decided(
      fresh,
      minuteMs,
      fromClient("old", { unanswered: "imported" }),
    );
    expect(effects.map((effect) => effect.type)).toEqual(["message", "log"]);
    expect(only(effects, "log")[0]).toMatchObject({ success: false, reason: "imported" });
    expect(state).toEqual(fresh);
  });

  test("a disabled origin shadows the message and does not answer", () => {
    const { state, effects } = decided(fresh, minuteMs, fromClient("hello"), {
      rules: { ...rules, enabled: false },
    });
    expect(only(effects, "message")[0]?.shadowed).toBe(true);
    expect(only(effects, "log")[0]?.reason).toBe("origin_disabled");
    expect(only(effects, "reply")).toEqual([]);
    expect(state.run).toEqual(fresh.run);
  });

  test("the origin enabled again, the next message is visible and answered", () => {
    const shadowed = decided(fresh, minuteMs, fromClient("one"), {
      rules: { ...rules, enabled: false },
    });
    const { effects } = decided(shadowed.state, 2 * minuteMs, fromClient("two"));
    expect(only(effects, "message")[0]?.shadowed).toBe(false);
    expect(only(effects, "reply")).toHaveLength(1);
  });
});
