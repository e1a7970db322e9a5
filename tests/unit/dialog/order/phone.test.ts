import { describe, expect, test } from "bun:test";
import { readPhone } from "../../../../src/dialog/flows/order/phone.ts";

describe("a phone number", () => {
  test.each([
    ["+12025550123", "+12025550123"],
    ["0012025550123", "+12025550123"],
    ["  +12025550123\n", "+12025550123"],
    ["+1 (202) 555-0123", "+12025550123"],
    ["+1.202.555.0123", "+12025550123"],
    ["(+1) 202 555 0123", "+12025550123"],
    ["＋１２０２５５５０１２３", "+12025550123"],
    ["+7 (912) 345–67‑89", "+79123456789"],
    ["007 912 345 67 89", "+79123456789"],
    ["+34 612 345 678", "+34612345678"],
    ["+44 (0)20 7946 0958", "+442079460958"],
    ["+39 06 1234567", "+39061234567"],
    ["+٣٤ ٦١٢ ٣٤٥ ٦٧٨", "+34612345678"],
    ["٠٠٣٤٦١٢٣٤٥٦٧٨", "+34612345678"],
    ["+३४६१२३४५६७८", "+34612345678"],
    ["\u202a+34 612 345 678\u202c", "+34612345678"],
    ["+34\u00a0612\u00a0345\u00a0678", "+34612345678"],
  ])("%j is kept as %s", (text, e164) => {
    expect(readPhone(text)).toEqual({ ok: true, value: e164 });
  });

  test("that is possible but not valid is taken, because metadata ages", () => {
    expect(readPhone("+290 1234")).toEqual({ ok: true, value: "+2901234" });
    expect(readPhone("+5511 1234567")).toEqual({ ok: true, value: "+55111234567" });
  });

  test.each([
    "2025550123",
    "12025550123",
    "8 912 345 67 89",
    "079123456789",
    "0 0 7 912 345 67 89",
    "call +12025550123",
    "tel:+12025550123",
    "my phone",
    "-+12025550123",
    "²⁺",
  ])("%j without + or 00 at its start is not international", (text) => {
    expect(readPhone(text)).toEqual({ ok: false, fault: "phone_not_international" });
  });

  test.each([
    "+",
    "00",
    "++12025550123",
    "+0012025550123",
    "+1 202",
    "+1202555012345",
    "+999123456789",
    "+1 202 FLOWERS",
    "+1 202 555 0123 ext. 5",
    "+1 202 555 0123, +1 202 555 0124",
    "+12025550123;ext=5",
    "+1202555012²",
  ])("%j is not possible", (text) => {
    expect(readPhone(text)).toEqual({ ok: false, fault: "phone_not_possible" });
  });

  test("with a page of digits or blanks is not possible", () => {
    const notPossible = { ok: false, fault: "phone_not_possible" } as const;
    expect(readPhone(`+${"1".repeat(100_000)}`)).toEqual(notPossible);
    expect(readPhone(`${"+12025550123".padEnd(100)}4`)).toEqual(notPossible);
  });
});
