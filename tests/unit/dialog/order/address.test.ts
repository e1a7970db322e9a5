import { describe, expect, test } from "bun:test";
import { readAddress } from "../../../../src/dialog/flows/order/address.ts";

const tooShort = { ok: false, fault: "address_too_short" } as const;
const tooLong = { ok: false, fault: "address_too_long" } as const;

describe("an address", () => {
  test("of four characters is too short and of five is taken", () => {
    expect(readAddress("1234")).toEqual(tooShort);
    expect(readAddress("12345")).toEqual({ ok: true, value: "12345" });
  });

  test("of 200 characters is taken and of 201 is too long", () => {
    const longest = "a".repeat(200);
    expect(readAddress(longest)).toEqual({ ok: true, value: longest });
    expect(readAddress(`${longest}a`)).toEqual(tooLong);
  });

  test("is measured after trimming, so blanks around it neither help nor harm", () => {
    expect(readAddress(" \t 1234 \n")).toEqual(tooShort);
    expect(readAddress(`  ${"a".repeat(200)}\u00a0\n`)).toEqual({
      ok: true,
      value: "a".repeat(200),
    });
  });

  test("keeps what is inside it: spaces, line breaks and case", () => {
    const address = "Calle  Mayor 1\n2.º  B";
    expect(readAddress(` ${address} `)).toEqual({ ok: true, value: address });
  });

  test("counts a character of two units once", () => {
    expect(readAddress("🏠🏠🏠🏠")).toEqual(tooShort);
    expect(readAddress("🏠🏠🏠🏠🏠")).toEqual({ ok: true, value: "🏠🏠🏠🏠🏠" });
    expect(readAddress("🏠".repeat(200)).ok).toBe(true);
    expect(readAddress("🏠".repeat(201))).toEqual(tooLong);
  });

  test("of a whole book is too long", () => {
    expect(readAddress("x".repeat(1_000_000))).toEqual(tooLong);
  });
});
