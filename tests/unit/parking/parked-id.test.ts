import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readParkedId, writeParkedId } from "../../../src/parking/parked-id.ts";

const names = fc.record({
  kind: fc.constantFrom("event" as const, "delivery" as const),
  conversation: fc.uuid(),
  number: fc.bigInt({ min: 1n, max: 999_999_999_999_999_999n }).map(String),
});

describe("the id of parked work", () => {
  test("is the kind, the beginning of the conversation and the number", () => {
    const conversation = "3fa09c1e-95aa-4e0b-8f6e-1f2d3c4b5a69";
    expect(writeParkedId({ kind: "event", conversation, number: "1042" })).toBe("e-3fa09c1e-1042");
    expect(writeParkedId({ kind: "delivery", conversation, number: "9001" }, true)).toBe(
      "d-3fa09c1e95aa4e0b8f6e1f2d3c4b5a69-9001",
    );
  });

  test("is read as it was written, short or whole, with dashes or without", () => {
    fc.assert(
      fc.property(names, fc.boolean(), (name, whole) => {
        const digits = name.conversation.replaceAll("-", "");
        const conversation = whole ? digits : digits.slice(0, 8);
        expect(readParkedId(writeParkedId(name, whole))).toEqual({ ...name, conversation });
        const letter = name.kind === "event" ? "e" : "d";
        const dashed = `${letter}-${name.conversation}-${name.number}`.toUpperCase();
        expect(readParkedId(dashed)).toEqual({ ...name, conversation: digits });
      }),
    );
  });

  test("is nothing else", () => {
    for (const text of [
      "",
      "1042",
      "e-1042",
      "x-3fa09c1e-1",
      "e-3fa09c1-1",
      "e-3fa09c1e-",
      "e-3fa09c1e-1x",
    ])
      expect(readParkedId(text)).toBeNull();
  });
});
