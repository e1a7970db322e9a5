import { describe, expect, test } from "bun:test";
import { cautionAfter, eventsAllowed, isSuspect } from "../../../src/conversation/caution.ts";
import { decideTurn } from "../../../src/conversation/decide-turn.ts";
import { noFacts, type OutboxFacts } from "../../../src/conversation/echo.ts";
import type { Turn } from "../../../src/conversation/turn.ts";
import { conversationId, originId, tenantId } from "../../../src/core/ids.ts";
import type { OrderRun } from "../../../src/dialog/flows/order/order.ts";
import { type ClaimedLane, eventsPerLaneMax } from "../../../src/lane/lanes.ts";
import type { ChannelEvent } from "../../../src/message/event.ts";
import type { Origin } from "../../../src/tenants/origins.ts";
import { fresh, fromClient, minuteMs, only, rules, type State, toClient } from "./conversation.ts";

const lane: ClaimedLane = {
  tenant: tenantId(1),
  conversation: conversationId("0"),
  token: "t",
  tries: 0,
  caution: { care: 0, single: 0 },
  more: 0,
  cached: null,
  entries: [],
};

const origin: Origin = {
  tenant: tenantId(1),
  id: originId(1),
  channel: "plain",
  key: "one",
  enabled: true,
  account: { apiUrl: "", credentials: {} },
  fault: null,
  sealed: "",
  language: "en",
  rate: { count: 1, windowMs: 1 },
  inFlightMax: 1,
  unknown: { bot: "hold", operator: "hold" },
};

function turnOf(
  events: readonly ChannelEvent[],
  more: Partial<Turn<OrderRun>> = {},
): Turn<OrderRun> {
  const arrivals = events.map((event, i) => ({ id: String(i + 1), at: (i + 1) * minuteMs, event }));
  return {
    lane,
    origin,
    version: 0,
    state: fresh,
    arrivals,
    fast: false,
    more: false,
    tickAt: null,
    ...more,
  };
}

const none = new Map<string, OutboxFacts>();
const fragile = {
  ...rules,
  dialog: {
    ...rules.dialog,
    step: (...given: Parameters<typeof rules.dialog.step>) => {
      if (given[1].text === "explode") throw new Error("boom");
      return rules.dialog.step(...given);
    },
    expire: () => {
      throw new Error("boom");
    },
  },
};
const open: State = {
  ...fresh,
  run: { state: "WAITING_ADDRESS", number: 1, data: {}, startedAt: 0, messages: 1 },
  runEndsAt: 5,
  timerAt: 5,
};

describe("a turn", () => {
  test("applies its events in order, each on the state that the one before left", () => {
    const decided = decideTurn(
      turnOf([fromClient("hi"), fromClient("221B Baker Street")]),
      rules,
      none,
    );
    expect(only(decided.effects, "log").map((log) => log.stateAfter)).toEqual([
      "WAITING_ADDRESS",
      "WAITING_PHONE",
    ]);
    expect(decided.applied).toHaveLength(2);
    expect(decided.stop).toEqual({ type: "none" });
    expect(decided.timer.setTo).toBe(decided.state.timerAt);
  });

  test("ends before an event that cannot be decided, and keeps what came before it", () => {
    const decided = decideTurn(
      turnOf([fromClient("hi"), fromClient("explode"), fromClient("yes")]),
      fragile,
      none,
    );
    expect(decided.applied.map(({ id }) => id)).toEqual(["1"]);
    expect(decided.stop).toEqual({ type: "threw", eventId: "2", reason: "Error: boom" });
  });

  test("ends before an echo that must wait, and what was applied before it stands", () => {
    const facts = new Map([["2", { ...noFacts, inFlight: true }]]);
    const decided = decideTurn(
      turnOf([fromClient("hi"), toClient("hello"), fromClient("x")]),
      rules,
      facts,
    );
    expect(decided.applied.map(({ id }) => id)).toEqual(["1"]);
    expect(decided.stop).toEqual({ type: "wait" });
  });

  test("settles two attempts by two echoes with the same text", () => {
    const unsettled = [
      { seq: "1003", attempt: 1, text: "hello" },
      { seq: "1003", attempt: 2, text: "hello" },
    ];
    const echoes = [toClient("hello", { messageId: "a" }), toClient("hello", { messageId: "b" })];
    const facts = new Map(["1", "2"].map((id) => [id, { ...noFacts, unsettled }]));
    const settled = only(decideTurn(turnOf(echoes), rules, facts).effects, "settled");
    expect(settled.map(({ attempt, messageId }) => [attempt, messageId])).toEqual([
      [1, "a"],
      [2, "b"],
    ]);
  });

  test("does what is due after its last event and re-arms the timer", () => {
    const decided = decideTurn(turnOf([], { state: open, tickAt: 10 }), rules, none);
    expect(decided.ticked).toBe(true);
    expect(only(decided.effects, "dialog")).toHaveLength(1);
    expect(decided.timer).toMatchObject({ setTo: null, remove: true });
  });

  test("does nothing that is due when it stopped at its first event: there is nothing to commit", () => {
    const decided = decideTurn(
      turnOf([fromClient("explode")], { state: { ...fresh, timerAt: 1 }, tickAt: 5 }),
      fragile,
      none,
    );
    expect(decided.ticked).toBe(false);
    expect(decided.applied).toEqual([]);
    expect(decided.timer).toMatchObject({ setTo: null, remove: false });
  });

  test("survives a deadline that cannot be handled", () => {
    const decided = decideTurn(turnOf([], { state: open, tickAt: 10 }), fragile, none);
    expect(decided.ticked).toBe(false);
    expect(decided.stop).toEqual({ type: "tick_threw", reason: "Error: boom" });
  });
});

describe("caution", () => {
  test("a lane is suspected from its third claim without a release on", () => {
    expect([0, 1, 2, 3].map((tries) => isSuspect({ ...lane, tries }))).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });

  test("a suspected lane gets one event at a time, and so does one whose batch was refused", () => {
    expect(eventsAllowed(lane)).toBe(eventsPerLaneMax);
    expect(eventsAllowed({ ...lane, tries: 2 })).toBe(1);
    expect(eventsAllowed({ ...lane, caution: { care: 0, single: 3 } })).toBe(1);
    expect(isSuspect({ ...lane, caution: { care: 0, single: 3 } })).toBe(false);
  });

  test("one success clears nobody: a whole batch must have gone well", () => {
    let caution = cautionAfter({ ...lane, tries: 2 }, 1);
    let successes = 1;
    while (isSuspect({ ...lane, caution })) {
      caution = cautionAfter({ ...lane, caution }, 1);
      successes += 1;
    }
    expect(successes).toBe(eventsPerLaneMax);
  });
});
