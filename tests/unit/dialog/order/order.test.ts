import { describe, expect, test } from "bun:test";
import { english } from "../../../../src/dialog/flows/order/texts/en.ts";
import { spanish } from "../../../../src/dialog/flows/order/texts/es.ts";
import { russian } from "../../../../src/dialog/flows/order/texts/ru.ts";
import { ADDRESS, last, PHONE, TO_CONFIRMATION, talk } from "./talk.ts";

describe("beginning", () => {
  test.each(["hello", "", "cancel", "start over", "yes", ADDRESS])(
    "%j in INITIAL begins a run, is not the address and is answered with the question for it",
    (text) => {
      const step = last([text]);
      expect(step.run).toEqual({
        state: "WAITING_ADDRESS",
        number: 1,
        data: {},
        startedAt: 1000,
        messages: 1,
      });
      expect(step.reply).toContain("address");
      expect(step).toMatchObject({ effects: [], understood: true, reason: null });
    },
  );

  test.each(["hello", "", "cancel", "yes", ADDRESS])(
    "%j in COMPLETED begins the next run with nothing of the last one",
    (text) => {
      const step = last([...TO_CONFIRMATION, "yes", text]);
      expect(step.run).toEqual({
        state: "WAITING_ADDRESS",
        number: 2,
        data: {},
        startedAt: 6000,
        messages: 1,
      });
      expect(step.reply).toContain("address");
      expect(step.effects).toEqual([]);
    },
  );
});

describe("an order", () => {
  test("asks for address, phone, quantity and yes, in this order", () => {
    const steps = talk([...TO_CONFIRMATION, "yes"]);
    expect(steps.map((step) => step.run.state)).toEqual([
      "WAITING_ADDRESS",
      "WAITING_PHONE",
      "WAITING_QUANTITY",
      "WAITING_CONFIRMATION",
      "COMPLETED",
    ]);
    for (const [index, word] of ["address", "phone", "quantity", "yes"].entries()) {
      expect(steps[index]?.reply).toContain(word);
    }
    expect(steps.every((step) => step.understood)).toBe(true);
  });

  test("is read back with address, phone and quantity before it is confirmed", () => {
    const { reply } = last(TO_CONFIRMATION);
    expect(reply).toContain(ADDRESS);
    expect(reply).toContain(PHONE);
    expect(reply).toContain("Quantity: 3");
  });

  test("is placed by yes, once, together with the end of its run", () => {
    const steps = talk([...TO_CONFIRMATION, "Yes!"]);
    expect(steps.slice(0, -1).flatMap((step) => step.effects)).toEqual([]);
    expect(steps.at(-1)?.effects).toEqual([
      { type: "order_placed", run: 1, address: ADDRESS, phone: PHONE, quantity: 3 },
      {
        type: "run_ended",
        run: 1,
        outcome: "completed",
        lastState: "WAITING_CONFIRMATION",
        messages: 5,
        startedAt: 1000,
        endedAt: 5000,
      },
    ]);
  });

  test("leaves no data of the client in the finished run", () => {
    expect(last([...TO_CONFIRMATION, "yes"]).run).toEqual({
      state: "COMPLETED",
      number: 1,
      data: {},
      startedAt: 1000,
      messages: 5,
    });
  });

  test("is not placed twice by a second yes: that begins another run", () => {
    const step = last([...TO_CONFIRMATION, "yes", "yes"]);
    expect(step.effects).toEqual([]);
    expect(step.run).toMatchObject({ state: "WAITING_ADDRESS", number: 2 });
  });

  test.each([
    ["en", "да"],
    ["en", "¡Sí!"],
    ["ru", "yes"],
    ["ru", "sí"],
    ["es", "ДА."],
    ["es", "ok"],
  ] as const)("that is asked in %s is confirmed by %j too", (language, text) => {
    expect(last([...TO_CONFIRMATION, text], language).run.state).toBe("COMPLETED");
  });
});

describe.each([
  ["en", english],
  ["ru", russian],
  ["es", spanish],
] as const)("in the language %s", (language, texts) => {
  const replies = (said: readonly string[]) => talk(said, language).map(({ reply }) => reply);
  const order = { address: ADDRESS, phone: PHONE, quantity: 3 };

  test("an order is taken with the questions of its catalogue, after a greeting", () => {
    expect(replies([...TO_CONFIRMATION, "yes"])).toEqual([
      `${texts.greeting}\n${texts.askAddress}`,
      texts.askPhone,
      texts.askQuantity,
      texts.askConfirmation(order),
      texts.thanks,
    ]);
  });

  test("no, start over, a fault and cancel are answered from its catalogue", () => {
    const said = replies([...TO_CONFIRMATION, "no", "start over", "", "cancel"]);
    expect(said.slice(TO_CONFIRMATION.length)).toEqual([
      `${texts.correcting}\n${texts.askAddress}`,
      `${texts.startedOver}\n${texts.askAddress}`,
      `${texts.faults.text_expected}\n${texts.askAddress}`,
      texts.cancelled,
    ]);
  });
});

describe("no", () => {
  test.each(["no", "Нет!", "¡No!"])("%j asks for the address again in the same run", (text) => {
    const step = last([...TO_CONFIRMATION, text]);
    expect(step.run).toEqual({
      state: "WAITING_ADDRESS",
      number: 1,
      data: {},
      startedAt: 1000,
      messages: 5,
    });
    expect(step.reply).toContain("address");
    expect(step).toMatchObject({ effects: [], understood: true, reason: null });
  });

  test("leads to an order with the new data only", () => {
    const again = ["no", "Another Street 5", "+34 612 345 678", "50", "yes"];
    expect(last([...TO_CONFIRMATION, ...again]).effects).toMatchObject([
      { address: "Another Street 5", phone: "+34612345678", quantity: 50, run: 1 },
      { outcome: "completed", messages: 9 },
    ]);
  });
});

describe("what a step cannot use is asked for again", () => {
  test.each([
    [1, "1234", "address_too_short", "address"],
    [1, "a".repeat(201), "address_too_long", "address"],
    [1, "", "text_expected", "address"],
    [1, "\u200b\u200b\u200b\u200b\u200b", "text_expected", "address"],
    [2, "2025550123", "phone_not_international", "phone"],
    [2, "+1 202", "phone_not_possible", "phone"],
    [2, "", "text_expected", "phone"],
    [3, "three", "quantity_not_whole", "quantity"],
    [3, "51", "quantity_out_of_range", "quantity"],
    [3, " ", "text_expected", "quantity"],
    [4, "maybe", "answer_unclear", "yes"],
    [4, "", "text_expected", "yes"],
  ] as const)(
    "after %d messages: %j is %s, and the reply says %s",
    (length, text, reason, word) => {
      const before = last(TO_CONFIRMATION.slice(0, length)).run;
      const step = last([...TO_CONFIRMATION.slice(0, length), text]);
      expect(step).toMatchObject({ understood: false, reason, effects: [] });
      expect<unknown>(step.run).toEqual({ ...before, messages: length + 1 });
      expect(step.reply).toContain(word);
    },
  );

  test("an unclear answer gets the summary again", () => {
    const [summary, repeated] = talk([...TO_CONFIRMATION, "what?"]).slice(-2);
    expect(repeated?.reply).toContain(summary?.reply ?? "no summary");
  });

  test("yes and no are no commands where something else is asked", () => {
    expect(last(["hi", "yes"]).reason).toBe("address_too_short");
    expect(last(["hi", ADDRESS, "no"]).reason).toBe("phone_not_international");
  });

  test("a reason never quotes the client", () => {
    const step = last(["hi", ADDRESS, "+1 secret"]);
    expect(step.reason).not.toContain("secret");
  });
});
