import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  botOwns,
  endIfSilent,
  giveTo,
  noSessions,
  type Owner,
  type Sessions,
  touch,
} from "../../../src/sessions/session.ts";

const silenceMs = 1_200_000;

function begun(at = 1_000): Sessions {
  return touch(noSessions, at, silenceMs).sessions;
}

function ownedByHuman(at = 1_000): Sessions {
  return giveTo(begun(at), "human").sessions;
}

describe("the arrows of the drawing", () => {
  test("the first message begins session 1, owned by the bot, and records it", () => {
    const step = touch(noSessions, 1_000, silenceMs);
    expect(step.sessions).toEqual({
      current: { number: 1, owner: "bot", startedAt: 1_000, endsAt: 1_000 + silenceMs },
      count: 1,
      ownerEpoch: 0,
    });
    expect(step.records).toEqual([
      { number: 1, owner: "bot", ownerEpoch: 0, startedAt: 1_000, endedAt: null },
    ]);
  });

  test("an operator takes the session over, and the epoch rises", () => {
    const step = giveTo(begun(), "human");
    expect(step.sessions.current?.owner).toBe("human");
    expect(step.sessions.ownerEpoch).toBe(1);
    expect(step.records).toEqual([
      { number: 1, owner: "human", ownerEpoch: 1, startedAt: 1_000, endedAt: null },
    ]);
  });

  test("a closed dialog or request gives the session back to the bot, and the epoch rises again", () => {
    const step = giveTo(ownedByHuman(), "bot");
    expect(step.sessions.current?.owner).toBe("bot");
    expect(step.sessions.ownerEpoch).toBe(2);
  });

  test("silence ends the bot's session at its deadline, and the epoch stays", () => {
    const step = endIfSilent(begun(), 1_000 + silenceMs);
    expect(step.sessions).toEqual({ current: null, count: 1, ownerEpoch: 0 });
    expect(step.records).toEqual([
      { number: 1, owner: "bot", ownerEpoch: 0, startedAt: 1_000, endedAt: 1_000 + silenceMs },
    ]);
  });

  test("silence ends a person's session and gives the conversation back: the epoch rises", () => {
    const step = endIfSilent(ownedByHuman(), 1_000 + silenceMs);
    expect(step.sessions).toEqual({ current: null, count: 1, ownerEpoch: 2 });
    expect(botOwns(step.sessions)).toBe(true);
  });

  test("the session after a person's begins with the bot", () => {
    const ended = endIfSilent(ownedByHuman(), 1_000 + silenceMs).sessions;
    const next = touch(ended, 9_000_000, silenceMs);
    expect(next.sessions.current).toMatchObject({ number: 2, owner: "bot" });
  });
});

describe("what changes nothing", () => {
  test("a session does not end one ms before its deadline", () => {
    const sessions = begun();
    expect(endIfSilent(sessions, 999 + silenceMs)).toEqual({ sessions, records: [] });
  });

  test("without a session nothing ends and nobody is given anything", () => {
    expect(endIfSilent(noSessions, 1e15)).toEqual({ sessions: noSessions, records: [] });
    expect(giveTo(noSessions, "human")).toEqual({ sessions: noSessions, records: [] });
  });

  test("who owns the session already gets no new epoch", () => {
    for (const owner of ["bot", "human"] as const) {
      const sessions = giveTo(begun(), owner).sessions;
      expect(giveTo(sessions, owner)).toEqual({ sessions, records: [] });
    }
  });

  test("a message moves the end away but never back, and is no record", () => {
    const later = touch(begun(), 5_000, silenceMs);
    expect(later.sessions.current?.endsAt).toBe(5_000 + silenceMs);
    expect(later.records).toEqual([]);
    expect(touch(later.sessions, 2_000, silenceMs).sessions).toEqual(later.sessions);
  });
});

type Step =
  | { readonly type: "touch"; readonly after: number }
  | { readonly type: "give"; readonly to: Owner; readonly after: number }
  | { readonly type: "silence"; readonly after: number };

const after = fc.integer({ min: 0, max: 2 * silenceMs });
const steps = fc.array(
  fc.oneof(
    fc.record({ type: fc.constant("touch" as const), after }),
    fc.record({
      type: fc.constant("give" as const),
      to: fc.constantFrom("bot" as const, "human" as const),
      after,
    }),
    fc.record({ type: fc.constant("silence" as const), after }),
  ),
  { maxLength: 30 },
);

function take(sessions: Sessions, at: number, step: Step): ReturnType<typeof touch> {
  if (step.type === "touch") return touch(sessions, at, silenceMs);
  return step.type === "give" ? giveTo(sessions, step.to) : endIfSilent(sessions, at);
}

describe("any course of a conversation", () => {
  test("the epoch rises by one exactly when the owner changes, and never falls", () => {
    fc.assert(
      fc.property(steps, (course) => {
        let sessions = noSessions;
        let at = 0;
        for (const step of course) {
          at += step.after;
          const next = take(sessions, at, step).sessions;
          const changed = botOwns(next) !== botOwns(sessions);
          expect(next.ownerEpoch).toBe(sessions.ownerEpoch + (changed ? 1 : 0));
          sessions = next;
        }
      }),
    );
  });

  test("the records alone tell each session's number, owner, beginning and end", () => {
    fc.assert(
      fc.property(steps, (course) => {
        const told = new Map<number, { owner: Owner; endedAt: number | null }>();
        let sessions = noSessions;
        let at = 0;
        for (const step of course) {
          at += step.after;
          const taken = take(sessions, at, step);
          for (const { number, owner, endedAt } of taken.records)
            told.set(number, { owner, endedAt });
          sessions = taken.sessions;
        }
        expect([...told.keys()]).toEqual(Array.from({ length: sessions.count }, (_, i) => i + 1));
        const open = [...told].filter(([, session]) => session.endedAt === null);
        expect(open.map(([number, { owner }]) => ({ number, owner }))).toEqual(
          sessions.current === null
            ? []
            : [{ number: sessions.current.number, owner: sessions.current.owner }],
        );
      }),
    );
  });
});
