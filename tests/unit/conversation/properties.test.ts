import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Rules } from "../../../src/conversation/arrival.ts";
import { decide, decideTick } from "../../../src/conversation/decide.ts";
import { noFacts, type OutboxFacts } from "../../../src/conversation/echo.ts";
import type { Effect } from "../../../src/conversation/effect.ts";
import { nextDeadline } from "../../../src/conversation/state.ts";
import type { OrderRun } from "../../../src/dialog/flows/order/order.ts";
import type { ChannelEvent } from "../../../src/message/event.ts";
import { botOwns } from "../../../src/sessions/session.ts";
import {
  fresh,
  fromClient,
  hourMs,
  minuteMs,
  only,
  rules,
  type State,
  toClient,
} from "./conversation.ts";

const words = [
  "hello",
  "221B Baker Street",
  "+14155552671",
  "3",
  "yes",
  "no",
  "cancel",
  "start over",
  "",
  "?",
];
const profile = { name: "Ada", assignedName: null, phone: null, username: null, externalId: null };
const releases: ChannelEvent[] = [
  { type: "conversation_released", platformAt: null, by: "dialog", requestId: null },
  { type: "conversation_released", platformAt: null, by: "request", requestId: "4" },
];
const rare: ChannelEvent[] = [
  ...releases,
  { type: "conversation_transferred", platformAt: null, operatorId: "9" },
  { type: "conversation_transferred", platformAt: null, operatorId: null },
  { type: "request_opened", requestId: "4", kind: "common" },
  { type: "contact_changed", change: "updated", profile },
  { type: "tag_changed", change: "added", tagId: "5", on: { kind: "contact" } },
  { type: "operator_changed", operatorId: "9", email: null, online: true, status: null },
  { type: "receipt", status: "failed", of: { kind: "message", messageId: "o" }, detail: null },
];

const clientSays = fc
  .record({ text: fc.constantFrom(...words), imported: fc.boolean(), known: fc.boolean() })
  .map(({ text, imported, known }) =>
    fromClient(text, { unanswered: imported ? "imported" : null, contact: known ? profile : null }),
  );
const operatorSays = fc
  .record({ text: fc.constantFrom("help", "hello"), live: fc.boolean() })
  .map(({ text, live }) => toClient(text, { live }));
const anyEvent = fc.oneof(
  { weight: 6, arbitrary: clientSays },
  { weight: 2, arbitrary: operatorSays },
  { weight: 2, arbitrary: fc.constantFrom(...rare) },
);
const anyFacts = fc.record({
  ours: fc.boolean(),
  inFlight: fc.boolean(),
  unsettled: fc.constantFrom([], [{ seq: "1003", attempt: 1, text: "help" }]),
});
const anyStep = fc.record({
  after: fc.oneof(
    fc.integer({ min: 0, max: 30 * minuteMs }),
    fc.integer({ min: 0, max: 30 * hourMs }),
  ),
  tick: fc.boolean(),
  enabled: fc.oneof(
    { weight: 5, arbitrary: fc.constant(true) },
    { weight: 1, arbitrary: fc.constant(false) },
  ),
  event: anyEvent,
  facts: anyFacts,
});
const courses = fc.array(anyStep, { maxLength: 25 });

type Step = typeof anyStep extends fc.Arbitrary<infer One> ? One : never;
type Seen = {
  readonly step: Step;
  readonly at: number;
  readonly before: State;
  readonly after: State;
  readonly effects: readonly Effect[];
};

/** Plays a course; an event that must wait is left out, as if its sends never ended. */
function play(
  course: readonly Step[],
  through: (state: State) => State = (state) => state,
): readonly Seen[] {
  const seen: Seen[] = [];
  let state = fresh;
  let at = minuteMs;
  course.forEach((step, index) => {
    at += step.after;
    const given: Rules<OrderRun> = { ...rules, enabled: step.enabled };
    const outcome = step.tick
      ? { type: "decided" as const, ...decideTick(through(state), at, given) }
      : decide(through(state), { id: String(index), at, event: step.event }, given, step.facts);
    if (outcome.type === "wait") return;
    seen.push({ step, at, before: state, after: outcome.state, effects: outcome.effects });
    state = outcome.state;
  });
  return seen;
}

function holdsFor(check: (seen: readonly Seen[]) => void): void {
  fc.assert(
    fc.property(courses, (course) => check(play(course))),
    { numRuns: 300 },
  );
}

describe("any course of events", () => {
  test("leaves exactly one log line and one kept message per client message, and none for anything else", () => {
    holdsFor((seen) => {
      for (const { step, effects } of seen) {
        const expected = !step.tick && step.event.type === "client_message" ? 1 : 0;
        expect(only(effects, "log")).toHaveLength(expected);
        expect(only(effects, "message").filter(({ author }) => author === "client")).toHaveLength(
          expected,
        );
      }
    });
  });

  test("is answered once per live client message while the bot owns an enabled conversation, else never", () => {
    holdsFor((seen) => {
      for (const { step, after, effects } of seen) {
        const { event } = step;
        const live =
          !step.tick &&
          event.type === "client_message" &&
          event.unanswered === null &&
          step.enabled;
        expect(only(effects, "reply")).toHaveLength(live && botOwns(after.sessions) ? 1 : 0);
      }
    });
  });

  test("sends every reply in the epoch in which the bot owns the session", () => {
    holdsFor((seen) => {
      for (const { after, effects } of seen)
        for (const reply of only(effects, "reply")) {
          expect(reply.ownerEpoch).toBe(after.sessions.ownerEpoch);
          expect(reply.session).toBe(after.sessions.current?.number ?? -1);
        }
    });
  });

  test("never lowers the epoch, and raises it whenever the bot gives up or gets back the conversation", () => {
    holdsFor((seen) => {
      for (const { before, after } of seen) {
        expect(after.sessions.ownerEpoch).toBeGreaterThanOrEqual(before.sessions.ownerEpoch);
        if (botOwns(before.sessions) !== botOwns(after.sessions))
          expect(after.sessions.ownerEpoch).toBeGreaterThan(before.sessions.ownerEpoch);
      }
    });
  });

  test("ends every run once, and places at most one order per run", () => {
    holdsFor((seen) => {
      const dialog = seen
        .flatMap(({ effects }) => only(effects, "dialog"))
        .map(({ effect }) => effect);
      for (const type of ["run_ended", "order_placed"] as const) {
        const runs = dialog.filter((effect) => effect.type === type).map(({ run }) => run);
        expect(new Set(runs).size).toBe(runs.length);
      }
    });
  });

  test("never leaves a run open without a deadline, nor a deadline without a run", () => {
    holdsFor((seen) => {
      for (const { after } of seen)
        expect(after.runEndsAt !== null).toBe(rules.dialog.isOpen(after.run));
    });
  });

  test("leaves nothing due behind", () => {
    holdsFor((seen) => {
      for (const { at, after } of seen)
        expect(nextDeadline(after) ?? Number.POSITIVE_INFINITY).toBeGreaterThan(at);
    });
  });

  test("is decided the same again, and the same on a state that went through JSON", () => {
    fc.assert(
      fc.property(courses, (course) => {
        const first = play(course);
        expect(play(course)).toEqual(first);
        const thawed = play(course, (state) => JSON.parse(JSON.stringify(state)));
        expect(thawed.map(({ effects }) => effects)).toEqual(first.map(({ effects }) => effects));
        expect(thawed.at(-1)?.after).toEqual(
          JSON.parse(JSON.stringify(first.at(-1)?.after ?? null)) ?? undefined,
        );
      }),
      { numRuns: 200 },
    );
  });

  test("does not change the state it was given", () => {
    const facts: OutboxFacts = noFacts;
    fc.assert(
      fc.property(courses, (course) => {
        const states = play(course).map(({ after }) => after);
        for (const state of states) {
          const copy = structuredClone(state);
          decide(state, { id: "1", at: 999 * hourMs, event: fromClient("hello") }, rules, facts);
          expect(state).toEqual(copy);
        }
      }),
      { numRuns: 50 },
    );
  });
});
