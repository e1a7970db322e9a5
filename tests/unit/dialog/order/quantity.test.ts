import { describe, expect, test } from "bun:test";
import { asciiDigits } from "../../../../src/dialog/flows/order/digits.ts";
import { readQuantity } from "../../../../src/dialog/flows/order/quantity.ts";

const notWhole = { ok: false, fault: "quantity_not_whole" } as const;
const outOfRange = { ok: false, fault: "quantity_out_of_range" } as const;

describe("a quantity", () => {
  test("is every whole number from 1 to 50", () => {
    for (let quantity = 1; quantity <= 50; quantity += 1) {
      expect(readQuantity(String(quantity))).toEqual({ ok: true, value: quantity });
    }
  });

  test.each([
    ["  7 \n", 7],
    ["05", 5],
    ["00050", 50],
    ["１２", 12],
    ["٣٤", 34],
    ["۵", 5],
    ["४२", 42],
    ["𝟜𝟚", 42],
    ["𝟎𝟗", 9],
    ["1２", 12],
    ["\u200f12\u200f", 12],
  ])("%j is %d", (text, quantity) => {
    expect(readQuantity(text)).toEqual({ ok: true, value: quantity });
  });

  test.each(["0", "00", "٠", "51", "051", "５１", "100", "999999999999999999999999"])(
    "%j is out of range",
    (text) => {
      expect(readQuantity(text)).toEqual(outOfRange);
    },
  );

  test.each([
    ...["+5", "-5", "−5", "5.0", "5,5", "5.", "1e1", "0x5", "0b1", "1_0", "1 0", "5 pcs"],
    ...["five", "пять", "½", "²", "①", "Ⅴ", "五", "NaN", "Infinity", "5️⃣", ".5", "5\n5"],
  ])("%j is not a whole number", (text) => {
    expect(readQuantity(text)).toEqual(notWhole);
  });

  test("of a hundred thousand digits is no number that anybody means", () => {
    expect(readQuantity("𝟡".repeat(100_000))).toEqual(notWhole);
  });
});

describe("digits", () => {
  test("of every numbering system have the value that the system gives them", () => {
    const systems = Intl.supportedValuesOf("numberingSystem");
    const positional = systems.filter((system) => /^\p{Nd}$/u.test(written(7, system)));
    expect(positional.length).toBeGreaterThan(20);
    for (const system of positional) {
      for (let digit = 0; digit <= 9; digit += 1) {
        expect(asciiDigits(written(digit, system))).toBe(String(digit));
      }
    }
  });

  test("are the only thing that changes", () => {
    expect(asciiDigits("a٣-² Ⅴ４")).toBe("a3-² Ⅴ4");
  });
});

function written(digit: number, numberingSystem: string): string {
  return new Intl.NumberFormat("en", { numberingSystem }).format(digit);
}
