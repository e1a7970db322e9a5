import type { Reading } from "./reading.ts";

export const addressCharsMin = 5;
export const addressCharsMax = 200;

export type AddressFault = "address_too_short" | "address_too_long";

/**
 * Reads a delivery address: 5-200 characters (code points, so an emoji or a rare letter is one)
 * after trimming. Everything inside stays as written, line breaks too, because only the client
 * knows what matters in it.
 */
export function readAddress(text: string): Reading<string, AddressFault> {
  const address = text.trim();
  // A code point has at most two units; longer texts are refused without counting them.
  if (address.length > 2 * addressCharsMax) return { ok: false, fault: "address_too_long" };
  const chars = [...address].length;
  if (chars < addressCharsMin) return { ok: false, fault: "address_too_short" };
  if (chars > addressCharsMax) return { ok: false, fault: "address_too_long" };
  return { ok: true, value: address };
}
