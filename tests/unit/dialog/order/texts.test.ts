import { describe, expect, test } from "bun:test";
import { english } from "../../../../src/dialog/flows/order/texts/en.ts";
import { spanish } from "../../../../src/dialog/flows/order/texts/es.ts";
import type { OrderTexts } from "../../../../src/dialog/flows/order/texts/order-texts.ts";
import { russian } from "../../../../src/dialog/flows/order/texts/ru.ts";

const ORDER = { address: "Some Street 1", phone: "+12025550123", quantity: 7 } as const;

function sentences(texts: OrderTexts): readonly string[] {
  const { askConfirmation, faults, ...plain } = texts;
  return [...Object.values(plain), ...Object.values(faults), askConfirmation(ORDER)];
}

describe.each([
  ["English", english],
  ["Russian", russian],
  ["Spanish", spanish],
])("the %s texts", (_language, texts) => {
  test("are all there and all different", () => {
    const all = sentences(texts);
    expect(all.every((sentence) => sentence.trim().length > 5)).toBe(true);
    expect(new Set(all).size).toBe(all.length);
  });

  test("repeat address, phone and quantity in the summary", () => {
    const lines = texts.askConfirmation(ORDER).split("\n");
    for (const value of Object.values(ORDER)) {
      expect(lines.filter((line) => line.endsWith(`: ${value}`))).toHaveLength(1);
    }
  });
});

test("no text of one language is left over in another", () => {
  expect(sentences(russian).every((sentence) => /\p{Script=Cyrillic}/u.test(sentence))).toBe(true);
  const shared = sentences(spanish).filter((sentence) => sentences(english).includes(sentence));
  expect(shared).toEqual([]);
});

test("an English question names its own subject and no other", () => {
  const subjects = ["address", "phone", "quantity", "yes"];
  const named = (text: string) => subjects.filter((subject) => text.includes(subject));
  expect(named(english.askAddress)).toEqual(["address"]);
  expect(named(english.askPhone)).toEqual(["phone"]);
  expect(named(english.askQuantity)).toEqual(["quantity"]);
  expect(named(english.askConfirmation(ORDER))).toEqual(["yes"]);
  for (const text of [english.greeting, english.startedOver, english.correcting]) {
    expect(named(text)).toEqual([]);
  }
  expect(named(english.thanks)).toEqual([]);
  expect(named(english.cancelled)).toEqual([]);
});
