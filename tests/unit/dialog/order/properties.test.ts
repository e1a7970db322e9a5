import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { DialogInput, DialogStep, Language } from "../../../../src/dialog/dialog.ts";
import { readAddress } from "../../../../src/dialog/flows/order/address.ts";
import { orderDialog } from "../../../../src/dialog/flows/order/order.ts";
import { readPhone } from "../../../../src/dialog/flows/order/phone.ts";
import { readQuantity } from "../../../../src/dialog/flows/order/quantity.ts";
import { isOpen, type OrderRun, type OrderState } from "../../../../src/dialog/flows/order/run.ts";

const SOURCE = new URL("../../../../src/dialog/flows/order/order.ts", import.meta.url);

type Step = DialogStep<OrderRun>;

type Arrow = { readonly from: string; readonly to: string };

/** The arrows that the comment on top of the machine draws. */
async function drawnArrows(): Promise<readonly Arrow[]> {
  const source = await Bun.file(SOURCE).text();
  const lines = source.matchAll(/^ \* +([A-Z_]+) +-- [^>]+ --> ([A-Z_]+)$/gm);
  return [...lines].map(([, from = "", to = ""]) => ({ from, to }));
}

function named(arrows: Iterable<Arrow>): readonly string[] {
  return [...new Set([...arrows].map(({ from, to }) => `${from} --> ${to}`))].sort();
}

const languages: fc.Arbitrary<Language> = fc.constantFrom("en", "ru", "es");

const likelyTexts = fc.constantFrom(
  ...["hello", "10 Main Street", "Тверская 1, кв. 5", "x", "", " ", "a".repeat(201)],
  ...["+12025550123", "007 912 345-67-89", "+34 612 345 678", "12025550123", "+1"],
  ...["1", "٥", "50", "051", "0", "1e1", "-5", "5.5"],
  ...["yes", "ДА.", "¡Sí!", "no", "нет", "cancel", "отмена", "start over", "заново"],
);

const texts = fc.oneof(
  { arbitrary: likelyTexts, weight: 5 },
  { arbitrary: fc.string({ unit: "binary", maxLength: 250 }), weight: 1 },
);

const right: Readonly<Record<OrderState, string>> = {
  INITIAL: "hello",
  WAITING_ADDRESS: "10 Main Street",
  WAITING_PHONE: "+12025550123",
  WAITING_QUANTITY: "3",
  WAITING_CONFIRMATION: "yes",
  COMPLETED: "hello",
};

/** Null says what the step asks for, so that long talks reach every state; "expire" is silence. */
type Move = { readonly text: string | null } | "expire";

const moves: fc.Arbitrary<readonly Move[]> = fc.array(
  fc.oneof(
    { arbitrary: fc.constant({ text: null }), weight: 6 },
    { arbitrary: texts.map((text) => ({ text })), weight: 5 },
    { arbitrary: fc.constant("expire" as const), weight: 1 },
  ),
  { maxLength: 40 },
);

type Walked = {
  readonly before: OrderRun;
  readonly after: OrderRun;
  /** Null for silence. */
  readonly step: Step | null;
};

function walk(
  path: readonly Move[],
  language: Language,
  between = (run: OrderRun) => run,
): Walked[] {
  const walked: Walked[] = [];
  let run = orderDialog.initial;
  for (const [index, move] of path.entries()) {
    const before = between(run);
    const at = 1000 + index;
    if (move === "expire") {
      run = orderDialog.expire(before, at).run;
      walked.push({ before, after: run, step: null });
    } else {
      const input: DialogInput = { text: move.text ?? right[before.state], at };
      const step = orderDialog.step(before, input, language);
      run = step.run;
      walked.push({ before, after: run, step });
    }
  }
  return walked;
}

function forTalks(check: (path: readonly Move[], language: Language) => void): void {
  fc.assert(fc.property(moves, languages, check), { numRuns: 500 });
}

function forMoves(check: (walked: Walked) => void): void {
  forTalks((path, language) => {
    for (const walked of walk(path, language)) check(walked);
  });
}

function forMessages(check: (answered: Walked & { readonly step: Step }) => void): void {
  forMoves(({ before, after, step }) => {
    if (step !== null) check({ before, after, step });
  });
}

function ordersOf(step: Step) {
  return step.effects.filter((effect) => effect.type === "order_placed");
}

function endingsOf(step: Step) {
  return step.effects.filter((effect) => effect.type === "run_ended");
}

describe("whatever a client sends", () => {
  test("every message is answered with words", () => {
    forMessages(({ step }) => expect(step.reply.trim()).not.toBe(""));
  });

  test("every move is an arrow of the drawing", async () => {
    const drawn = new Set(named(await drawnArrows()));
    forMoves(({ before, after }) => {
      if (before !== after) expect(drawn).toContain(`${before.state} --> ${after.state}`);
    });
  });

  test("an order is placed exactly when a run completes, before its end", () => {
    forMessages(({ before, after, step }) => {
      const types = step.effects.map((effect) => effect.type);
      const completes = after.state === "COMPLETED";
      expect(types.includes("order_placed")).toBe(completes);
      if (!completes) return;
      expect(types).toEqual(["order_placed", "run_ended"]);
      expect(step.effects).toMatchObject([{ run: before.number }, { outcome: "completed" }]);
    });
  });

  test("an order holds what the readers take", () => {
    forMessages(({ step }) => {
      for (const { address, phone, quantity } of ordersOf(step)) {
        expect(readAddress(address)).toEqual({ ok: true, value: address });
        expect(readPhone(phone)).toEqual({ ok: true, value: phone });
        expect(phone).toMatch(/^\+[1-9][0-9]{4,14}$/);
        expect(readQuantity(String(quantity))).toEqual({ ok: true, value: quantity });
      }
    });
  });

  test("a run ends once, exactly when it was open and is closed or another one after", () => {
    forMessages(({ before, after, step }) => {
      const ends = isOpen(before) && (!isOpen(after) || after.number !== before.number);
      const ended = endingsOf(step).map(({ run, lastState }) => [run, lastState]);
      expect(ended).toEqual(ends ? [[before.number, before.state]] : []);
    });
  });

  test("run numbers never repeat and never go back", () => {
    forMoves(({ before, after }) => {
      const begins = isOpen(after) && (!isOpen(before) || after.number !== before.number);
      expect(after.number).toBe(begins ? before.number + 1 : before.number);
    });
  });

  test("each message is counted in exactly one run", () => {
    forTalks((path, language) => {
      const walked = walk(path, language);
      const sent = walked.filter(({ step }) => step !== null).length;
      const ended = walked
        .flatMap(({ before, step }) => step?.effects ?? orderDialog.expire(before, 0).effects)
        .filter((effect) => effect.type === "run_ended");
      const lastRun = walked.at(-1)?.after ?? orderDialog.initial;
      const open = isOpen(lastRun) ? lastRun.messages : 0;
      expect(ended.reduce((sum, { messages }) => sum + messages, open)).toBe(sent);
    });
  });

  test("a question is asked again exactly when there is a reason", () => {
    forMessages(({ before, after, step }) => {
      expect(step.understood).toBe(step.reason === null);
      if (step.understood) return;
      expect<unknown>(after).toEqual({ ...before, messages: before.messages + 1 });
    });
  });

  test("the same messages give the same steps", () => {
    forTalks((path, language) => {
      expect(walk(path, language)).toEqual(walk(path, language));
    });
  });

  test("a run that went through JSON between messages goes on as if it had not", () => {
    forTalks((path, language) => {
      const stored = walk(path, language, (run) => JSON.parse(JSON.stringify(run)));
      expect(stored).toStrictEqual(walk(path, language));
    });
  });
});

test("the drawing has no arrow that the machine never takes", async () => {
  const probes = [
    "hello",
    "10 Main Street",
    "+12025550123",
    "3",
    "yes",
    "no",
    "cancel",
    "start over",
  ];
  const taken: Arrow[] = [];
  const seen = new Map<OrderState, OrderRun>([["INITIAL", orderDialog.initial]]);
  // A Map also visits what is added while it is walked, so this reaches every state.
  for (const [from, run] of seen) {
    const steps = probes.map((text) => orderDialog.step(run, { text, at: 1 }, "en").run);
    const expired = orderDialog.isOpen(run) ? [orderDialog.expire(run, 1).run] : [];
    for (const next of [...steps, ...expired]) {
      taken.push({ from, to: next.state });
      if (!seen.has(next.state)) seen.set(next.state, next);
    }
  }
  expect(named(taken)).toEqual(named(await drawnArrows()));
  expect<unknown>([...seen.keys()].sort()).toEqual(Object.keys(right).sort());
});
