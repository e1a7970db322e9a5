import { asciiDigits } from "./digits.ts";
import { type Reading, withoutInvisible } from "./reading.ts";

export const quantityMin = 1;
export const quantityMax = 50;

/** Longer texts are no number that anybody means; turning their digits would only cost time. */
const quantityTextUnitsMax = 64;

export type QuantityFault = "quantity_not_whole" | "quantity_out_of_range";

const DIGITS_ONLY = /^[0-9]+$/;

/**
 * Reads a whole number 1-50 in decimal digits of any script. Leading zeros mean nothing ("05" is
 * 5). Signs, fractions, exponents and words are refused, because a guess would be a wrong order.
 */
export function readQuantity(text: string): Reading<number, QuantityFault> {
  const written = withoutInvisible(text).trim();
  const digits = written.length > quantityTextUnitsMax ? "" : asciiDigits(written);
  if (!DIGITS_ONLY.test(digits)) return { ok: false, fault: "quantity_not_whole" };
  const quantity = Number(digits);
  if (quantity < quantityMin || quantity > quantityMax) {
    return { ok: false, fault: "quantity_out_of_range" };
  }
  return { ok: true, value: quantity };
}
