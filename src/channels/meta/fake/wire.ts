import { encodeJson } from "../../../fake-platform/exact-json.ts";

/** JSON as Meta writes it: everything beyond ASCII as `\uXXXX` in lower case, which is also what it signs. */
export function writeWire(value: unknown): string {
  return encodeJson(value).replaceAll(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
