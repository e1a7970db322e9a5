import { describe, expect, test } from "bun:test";
import { decide } from "../../../src/conversation/decide.ts";
import { noFacts } from "../../../src/conversation/echo.ts";
import type { ChannelEvent } from "../../../src/message/event.ts";
import { botOwns } from "../../../src/sessions/session.ts";
import {
  after,
  content,
  decided,
  fresh,
  fromClient,
  minuteMs,
  only,
  rules,
  toClient,
} from "./conversation.ts";

const greeted = after([fromClient("hello")]);
const released: ChannelEvent = {
  type: "conversation_released",
  platformAt: null,
  by: "dialog",
  requestId: null,
};

/** What the platform says happened at `platformAt`, ms by its own clock. */
const takenAt = (platformAt: number) => toClient("let me help", { platformAt });
const releasedAt = (platformAt: number): ChannelEvent => ({ ...released, platformAt });

describe("a takeover that is delivered late", () => {
  test("takes nothing when it is older than the last release", () => {
    const open = decided(greeted, 2 * minuteMs, releasedAt(5_000)).state;
    const { state, effects } = decided(open, 3 * minuteMs, takenAt(4_000));
    expect(botOwns(state.sessions)).toBe(true);
    expect(only(effects, "message")).toHaveLength(1);
  });

  test("takes the conversation when it is younger than the last release", () => {
    const open = decided(greeted, 2 * minuteMs, releasedAt(5_000)).state;
    expect(botOwns(decided(open, 3 * minuteMs, takenAt(6_000)).state.sessions)).toBe(false);
  });

  test("an older transfer takes nothing either", () => {
    const open = decided(greeted, 2 * minuteMs, releasedAt(5_000)).state;
    const late: ChannelEvent = {
      type: "conversation_transferred",
      operatorId: "9",
      platformAt: 4_000,
    };
    expect(botOwns(decided(open, 3 * minuteMs, late).state.sessions)).toBe(true);
  });
});

describe("a release that is delivered late", () => {
  test("releases nothing when it is older than the operators' last word, and its request is closed all the same", () => {
    const taken = decided(greeted, 2 * minuteMs, takenAt(6_000)).state;
    const { state, effects } = decided(taken, 3 * minuteMs, {
      ...released,
      by: "request",
      requestId: "44",
      platformAt: 5_000,
    });
    expect(botOwns(state.sessions)).toBe(false);
    expect(only(effects, "request")[0]?.closedAt).toBe(3 * minuteMs);
    expect(botOwns(decided(state, 4 * minuteMs, releasedAt(7_000)).state.sessions)).toBe(true);
  });

  test("releases when it says no time, or one that is as good as theirs", () => {
    const taken = decided(greeted, 2 * minuteMs, takenAt(6_900)).state;
    for (const late of [released, releasedAt(6_000)]) {
      expect(botOwns(decided(taken, 3 * minuteMs, late).state.sessions)).toBe(true);
    }
  });

  test("releases a conversation whose state was stored before there was such a time", () => {
    const { takenAt: _, ...before } = decided(greeted, 2 * minuteMs, takenAt(6_000)).state;
    const stored: typeof greeted = JSON.parse(JSON.stringify(before));
    expect(botOwns(decided(stored, 3 * minuteMs, releasedAt(5_000)).state.sessions)).toBe(true);
  });
});

describe("a message that went to the customer", () => {
  test("an operator's own silences the bot and raises the epoch", () => {
    const { state, effects } = decided(greeted, 2 * minuteMs, toClient("let me help"));
    expect(botOwns(state.sessions)).toBe(false);
    expect(state.sessions.ownerEpoch).toBe(1);
    expect(only(effects, "session")[0]?.record).toMatchObject({ owner: "human", ownerEpoch: 1 });
    expect(only(effects, "message")[0]).toMatchObject({ author: "operator", session: 1 });
  });

  test("an operator may write first: a session begins and is theirs at once", () => {
    const { state, effects } = decided(fresh, minuteMs, toClient("good day"));
    expect(state.sessions.current).toMatchObject({ number: 1, owner: "human" });
    expect(only(effects, "session").map(({ record }) => record.owner)).toEqual(["bot", "human"]);
  });

  test("our own echo, known by its id, changes nothing and is not kept twice", () => {
    const facts = { ...noFacts, ours: true };
    const { state, effects } = decided(greeted, 2 * minuteMs, toClient("ours"), { facts });
    expect(state).toEqual(greeted);
    expect(effects).toEqual([]);
  });

  test("our own echo is ours also while another send is in flight", () => {
    const facts = { ...noFacts, ours: true, inFlight: true };
    expect(decided(greeted, 2 * minuteMs, toClient("ours"), { facts }).effects).toEqual([]);
  });

  test("while a send is in flight nothing is concluded about an unknown message", () => {
    const arrival = { id: "5", at: 2 * minuteMs, event: toClient("whose?") };
    const outcome = decide(greeted, arrival, rules, { ...noFacts, inFlight: true });
    expect(outcome).toEqual({ type: "wait" });
  });

  test("an attempt with an unknown end is settled by an echo with the same text, however it is wrapped", () => {
    const unsettled = [
      { seq: "1003", attempt: 1, text: "Something else" },
      { seq: "2003", attempt: 2, text: 'Is <b>"3 & 4"</b> right? It\'s 2 < 3' },
    ];
    const wrappings = [
      'Is <b>"3 & 4"</b> right? It\'s 2 < 3',
      "Is &lt;b&gt;&quot;3 &amp; 4&quot;&lt;/b&gt; right? It&#39;s 2 &lt; 3",
      "<p>Is  &lt;b&gt;&quot;3 &amp; 4&quot;&lt;/b&gt;\nright?</p><p>It&apos;s 2 &lt; 3</p>",
    ];
    for (const wrapping of wrappings) {
      const echo = toClient(wrapping);
      const { state, effects } = decided(greeted, 2 * minuteMs, echo, {
        facts: { ...noFacts, unsettled },
      });
      expect(state).toEqual(greeted);
      expect(effects).toEqual([
        { type: "settled", delivery: "2003", attempt: 2, messageId: echo.messageId },
      ]);
    }
  });

  test("an echo with another text settles nothing: it is an operator's", () => {
    const unsettled = [{ seq: "1003", attempt: 1, text: "Where to?" }];
    const { state, effects } = decided(greeted, 2 * minuteMs, toClient("Hello there"), {
      facts: { ...noFacts, unsettled },
    });
    expect(botOwns(state.sessions)).toBe(false);
    expect(only(effects, "settled")).toEqual([]);
  });

  test("another program's message is kept as the platform's and silences nobody", () => {
    const event = toClient("newsletter", { author: "automatic", operatorId: null });
    const { state, effects } = decided(greeted, 2 * minuteMs, event);
    expect(state).toEqual(greeted);
    expect(only(effects, "message")[0]?.author).toBe("platform");
  });

  test("imported history of operators silences nobody and waits for no send", () => {
    const facts = { ...noFacts, inFlight: true };
    const { state, effects } = decided(greeted, 2 * minuteMs, toClient("old", { live: false }), {
      facts,
    });
    expect(state).toEqual(greeted);
    expect(only(effects, "message")[0]?.author).toBe("operator");
  });
});

describe("who the session belongs to", () => {
  test("a transfer to an operator silences the bot; to nobody in particular it does not", () => {
    const to = (operatorId: string | null): ChannelEvent => ({
      type: "conversation_transferred",
      platformAt: null,
      operatorId,
    });
    expect(botOwns(decided(greeted, 2 * minuteMs, to("9")).state.sessions)).toBe(false);
    expect(decided(greeted, 2 * minuteMs, to(null))).toEqual({ state: greeted, effects: [] });
  });

  test("a closed dialog or request gives the bot its voice back", () => {
    const taken = after([fromClient("hello"), toClient("let me help")]);
    for (const by of ["dialog", "request"] as const) {
      const event: ChannelEvent = {
        type: "conversation_released",
        platformAt: null,
        by,
        requestId: "44",
      };
      const { state, effects } = decided(taken, 5 * minuteMs, event);
      expect(botOwns(state.sessions)).toBe(true);
      expect(state.sessions.ownerEpoch).toBe(2);
      expect(only(effects, "request")[0]?.closedAt).toBe(by === "request" ? 5 * minuteMs : null);
      const next = decided(state, 6 * minuteMs, fromClient("thanks"));
      expect(only(next.effects, "reply")).toHaveLength(1);
    }
  });

  test("a release of what the bot owns changes nothing", () => {
    expect(decided(greeted, 2 * minuteMs, released).state).toEqual(greeted);
  });

  test("the end of the session gives the bot its voice back without anybody saying so", () => {
    const taken = after([fromClient("hello"), toClient("let me help")]);
    const { state, effects } = decided(
      taken,
      2 * minuteMs + rules.sessionSilenceMs,
      fromClient("still there?"),
    );
    expect(only(effects, "reply")).toHaveLength(1);
    expect(only(effects, "reply")[0]?.ownerEpoch).toBe(2);
    expect(state.sessions.current).toMatchObject({ number: 2, owner: "bot" });
  });

  test("the client's messages to a person keep that session going", () => {
    const taken = after([fromClient("hello"), toClient("let me help")]);
    const spoken = decided(taken, 15 * minuteMs, fromClient("please do")).state;
    const { effects } = decided(spoken, 30 * minuteMs, fromClient("and?"));
    expect(only(effects, "reply")).toEqual([]);
  });

  test("notes, service lines, tags, profiles, requests and receipts leave the owner and the dialog alone", () => {
    const profile = {
      name: "Ada",
      assignedName: null,
      phone: null,
      username: null,
      externalId: null,
    };
    const events: readonly (readonly [ChannelEvent, string])[] = [
      [
        {
          type: "side_message",
          messageId: "n",
          kind: "note",
          operatorId: "9",
          content: content("psst"),
        },
        "message",
      ],
      [
        {
          type: "side_message",
          messageId: "s",
          kind: "system",
          operatorId: null,
          content: content("opened"),
        },
        "message",
      ],
      [
        {
          type: "receipt",
          status: "failed",
          of: { kind: "message", messageId: "o" },
          detail: null,
        },
        "receipt",
      ],
      [{ type: "contact_changed", change: "updated", profile }, "contact"],
      [
        { type: "tag_changed", change: "added", tagId: "5", on: { kind: "contact" } },
        "contact_tag",
      ],
      [
        {
          type: "tag_changed",
          change: "removed",
          tagId: "5",
          on: { kind: "request", requestId: "44" },
        },
        "request_tag",
      ],
      [{ type: "request_opened", requestId: "44", kind: "common" }, "request"],
      [
        { type: "operator_changed", operatorId: "9", email: null, online: true, status: null },
        "operator",
      ],
    ];
    for (const [event, effect] of events) {
      const { state, effects } = decided(greeted, 2 * minuteMs, event);
      expect(state).toEqual(greeted);
      expect(effects.map(({ type }) => String(type))).toEqual([effect]);
    }
  });

  test("what is said of a contact is not kept when nobody says of whom", () => {
    const nobody = { ...fresh, identity: null };
    const profile = {
      name: "Ada",
      assignedName: null,
      phone: null,
      username: null,
      externalId: null,
    };
    expect(
      decided(nobody, minuteMs, { type: "contact_changed", change: "created", profile }).effects,
    ).toEqual([]);
  });
});
