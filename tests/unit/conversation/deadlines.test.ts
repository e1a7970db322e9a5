import { describe, expect, test } from "bun:test";
import { decideTick, timerChange } from "../../../src/conversation/decide.ts";
import {
  after,
  decided,
  fresh,
  fromClient,
  hourMs,
  minuteMs,
  only,
  rules,
  type State,
  toClient,
} from "./conversation.ts";

const asked = after([fromClient("hello"), fromClient("221B Baker Street")]);
const lastWordAt = 2 * minuteMs;

describe("a run that the customer left", () => {
  test("expires by the timer 24 h after the last message, and the outcome says where", () => {
    const { state, effects } = decideTick(asked, lastWordAt + 24 * hourMs, rules);
    expect(only(effects, "dialog").map(({ effect }) => effect)).toEqual([
      {
        type: "run_ended",
        run: 1,
        outcome: "expired",
        lastState: "WAITING_PHONE",
        messages: 2,
        startedAt: minuteMs,
        endedAt: lastWordAt + 24 * hourMs,
      },
    ]);
    expect(state.run.state).toBe("INITIAL");
    expect(state.runEndsAt).toBeNull();
  });

  test("does not expire a ms earlier", () => {
    const { effects } = decideTick(asked, lastWordAt + 24 * hourMs - 1, rules);
    expect(only(effects, "dialog")).toEqual([]);
  });

  test("expires by a late message too, at the same instant, and that message begins a new run", () => {
    const { state, effects } = decided(asked, lastWordAt + 30 * hourMs, fromClient("hi again"));
    const [ended] = only(effects, "dialog");
    expect(ended?.effect).toMatchObject({ outcome: "expired", endedAt: lastWordAt + 24 * hourMs });
    expect(state.run).toMatchObject({ number: 2, state: "WAITING_ADDRESS" });
    expect(only(effects, "log")[0]).toMatchObject({
      stateBefore: "INITIAL",
      stateAfter: "WAITING_ADDRESS",
    });
  });

  test("a timer after the late message changes nothing more", () => {
    const late = decided(asked, lastWordAt + 30 * hourMs, fromClient("hi again")).state;
    expect(decideTick(late, lastWordAt + 30 * hourMs, rules)).toEqual({ state: late, effects: [] });
  });

  test("expires also while a person owns the session", () => {
    const taken = decided(asked, 3 * minuteMs, toClient("let me help")).state;
    const { effects } = decideTick(taken, lastWordAt + 24 * hourMs, rules);
    expect(only(effects, "dialog")[0]?.effect).toMatchObject({ outcome: "expired" });
  });

  test("a finished run has no deadline", () => {
    const done = after(
      ["hi", "221B Baker Street", "+14155552671", "3", "yes"].map((text) => fromClient(text)),
    );
    expect(done.runEndsAt).toBeNull();
    expect(only(decideTick(done, 99 * hourMs, rules).effects, "dialog")).toEqual([]);
  });
});

describe("the row in timers", () => {
  const sessionOnly: State = { ...fresh, sessions: asked.sessions };

  test("is set to the earliest deadline when there is none yet", () => {
    expect(timerChange(asked, lastWordAt)).toEqual({
      setTo: lastWordAt + rules.sessionSilenceMs,
      remove: false,
      timerAt: lastWordAt + rules.sessionSilenceMs,
    });
  });

  test("is left alone while it is a lower bound, so that a message costs no index change", () => {
    const early = { ...asked, timerAt: 3 * minuteMs };
    expect(timerChange(early, 2 * minuteMs + 1)).toEqual({
      setTo: null,
      remove: false,
      timerAt: 3 * minuteMs,
    });
  });

  test("is set earlier when a deadline came nearer", () => {
    const far = { ...asked, timerAt: 99 * hourMs };
    expect(timerChange(far, lastWordAt).setTo).toBe(lastWordAt + rules.sessionSilenceMs);
  });

  test("is set to the next deadline once it fired", () => {
    const fired = { ...asked, timerAt: 4 * minuteMs };
    expect(timerChange(fired, 4 * minuteMs).setTo).toBe(lastWordAt + rules.sessionSilenceMs);
  });

  test("is removed when it fired and nothing is left to wait for", () => {
    expect(timerChange({ ...fresh, timerAt: 5 }, 5)).toEqual({
      setTo: null,
      remove: true,
      timerAt: null,
    });
  });

  test("is not touched where there is neither a row nor a deadline", () => {
    expect(timerChange(fresh, 5)).toEqual({ setTo: null, remove: false, timerAt: null });
  });

  test("follows the session's end, then the run's, then is gone", () => {
    const first = timerChange(asked, lastWordAt);
    const atSessionEnd = { ...asked, timerAt: first.timerAt };
    const ended = decideTick(atSessionEnd, lastWordAt + rules.sessionSilenceMs, rules).state;
    const second = timerChange(ended, lastWordAt + rules.sessionSilenceMs);
    expect(second.setTo).toBe(lastWordAt + 24 * hourMs);
    const expired = decideTick(
      { ...ended, timerAt: second.timerAt },
      lastWordAt + 24 * hourMs,
      rules,
    ).state;
    expect(timerChange(expired, lastWordAt + 24 * hourMs)).toEqual({
      setTo: null,
      remove: true,
      timerAt: null,
    });
  });

  test("of a session without a run is gone with the session", () => {
    const ended = decideTick({ ...sessionOnly, timerAt: 1 }, 99 * hourMs, rules).state;
    expect(timerChange(ended, 99 * hourMs).remove).toBe(true);
  });
});
