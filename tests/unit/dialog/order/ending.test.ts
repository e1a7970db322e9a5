import { describe, expect, test } from "bun:test";
import { orderDialog } from "../../../../src/dialog/flows/order/order.ts";
import { last, TO_CONFIRMATION } from "./talk.ts";

describe.each([
  [1, "WAITING_ADDRESS"],
  [2, "WAITING_PHONE"],
  [3, "WAITING_QUANTITY"],
  [4, "WAITING_CONFIRMATION"],
] as const)("after %d messages, in %s", (length, state) => {
  const before = TO_CONFIRMATION.slice(0, length);

  test.each(["cancel", "Отмена!", "¡Cancelar!"])("%j ends the run and says so", (text) => {
    const step = last([...before, text]);
    expect(step.run).toEqual({ ...orderDialog.initial, number: 1 });
    expect(step.reply).toMatch(/cancelled.*any message/);
    expect(step.effects).toEqual([
      {
        type: "run_ended",
        run: 1,
        outcome: "cancelled",
        lastState: state,
        messages: length + 1,
        startedAt: 1000,
        endedAt: 1000 * (length + 1),
      },
    ]);
  });

  test("the message after a cancel begins run 2", () => {
    expect(last([...before, "cancel", "hello"]).run).toMatchObject({
      state: "WAITING_ADDRESS",
      number: 2,
      messages: 1,
    });
  });

  test.each(["start over", "Начать заново", "¡Empezar de nuevo!"])(
    "%j ends the run and begins another without a message",
    (text) => {
      const step = last([...before, text]);
      const at = 1000 * (length + 1);
      expect(step.run).toEqual({
        state: "WAITING_ADDRESS",
        number: 2,
        data: {},
        startedAt: at,
        messages: 0,
      });
      expect(step.reply).toContain("address");
      expect(step.effects).toMatchObject([
        { outcome: "restarted", run: 1, lastState: state, messages: length + 1, endedAt: at },
      ]);
    },
  );

  test("silence ends the run without a word", () => {
    const { run, effects } = orderDialog.expire(last(before).run, 90_000);
    expect(run).toEqual({ ...orderDialog.initial, number: 1 });
    expect(effects).toEqual([
      {
        type: "run_ended",
        run: 1,
        outcome: "expired",
        lastState: state,
        messages: length,
        startedAt: 1000,
        endedAt: 90_000,
      },
    ]);
  });

  test("the run is open", () => {
    expect(orderDialog.isOpen(last(before).run)).toBe(true);
  });
});

describe("a run that is not open", () => {
  const completed = last([...TO_CONFIRMATION, "yes"]).run;

  test.each([
    ["before the first message", orderDialog.initial],
    ["after an order", completed],
    ["after a cancel", last(["hello", "cancel"]).run],
  ])("%s does not expire", (_when, run) => {
    expect(orderDialog.isOpen(run)).toBe(false);
    expect(orderDialog.expire(run, 90_000)).toEqual({ run, effects: [] });
  });
});
