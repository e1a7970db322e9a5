import { describe, expect, test } from "bun:test";
import { bodyKey, messageKey, occurrenceKey } from "../../../../src/channels/chat2desk/keys.ts";

const raw = new TextEncoder().encode('{"hook_type":"client_updated"}');
const march2026 = 2026 * 12 + 3;

function number(value: string): { value: string; type: "number" } {
  return { value, type: "number" };
}

function at(time: string | null, ...parts: string[]): { bucket: number; key: string } {
  return occurrenceKey({ hookType: "client_updated", time, parts }, raw);
}

describe("messages", () => {
  test("keys sort as their ids grow", () => {
    const ids = ["7", "10", "99", "100", "9007199254740993", "18446744073709551615"];
    const keys = ids.map((id) => messageKey("inbox", "from_client", number(id)).key);
    expect(keys.toSorted()).toEqual(keys);
  });

  test("an id has one key whether it comes as a number or as a string", () => {
    expect(messageKey("inbox", "from_client", { value: "17", type: "string" })).toEqual(
      messageKey("inbox", "from_client", number("17")),
    );
  });

  test("hook, type and id each make another key", () => {
    const keys = new Set([
      messageKey("inbox", "from_client", number("17")).key,
      messageKey("outbox", "from_client", number("17")).key,
      messageKey("inbox", "to_client", number("17")).key,
      messageKey("inbox", "from_client", number("18")).key,
      messageKey("inbox", "from_client", { value: "017", type: "string" }).key,
      messageKey("inbox", "from_client", { value: "00000000000000000017", type: "string" }).key,
    ]);
    expect(keys.size).toBe(6);
  });

  test("a message is timeless", () => {
    expect(messageKey("inbox", "from_client", number("17")).bucket).toBe(0);
  });
});

describe("other events", () => {
  test("the bucket is the month of the event's own time, with and without a fraction", () => {
    expect(at("2026-03-04T05:06:07Z").bucket).toBe(march2026);
    expect(at("2026-03-31T23:59:59.999999Z").bucket).toBe(march2026);
    expect(at("2026-12-01T00:00:00Z").bucket).toBe(2026 * 12 + 12);
  });

  test("a time that is not ISO 8601 in UTC has no month", () => {
    for (const time of [
      "2026-03-04",
      "2026-03-04T05:06:07",
      "2026-03-04T05:06:07+03:00",
      "2026-13-04T05:06:07Z",
      "soon",
      "1772600767",
    ]) {
      expect(at(time).bucket).toBe(0);
    }
  });

  test("no time means the digest of the body", () => {
    expect(at(null, "5")).toEqual(bodyKey(raw));
    expect(bodyKey(raw).key).toMatch(/^b:[0-9a-f]{64}$/);
  });

  test("no two events share a key because a part contains the separator", () => {
    expect(at("soon", "1:2", "3").key).not.toBe(at("soon", "1", "2:3").key);
    expect(at("soon:x", "1").key).not.toBe(at("soon", "x", "1").key);
    expect(at("soon", "1%3A2").key).not.toBe(at("soon", "1:2").key);
  });

  test("keys of one hook sort by time", () => {
    const keys = ["2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"].map(
      (time) => at(time, "9").key,
    );
    expect(keys.toSorted()).toEqual(keys);
  });

  test("a long key becomes a digest without a month, the same for the same event", () => {
    const long = at("2026-03-04T05:06:07Z", "x".repeat(128), "y".repeat(128));
    expect(long.key).toMatch(/^h:[0-9a-f]{64}$/);
    expect(long.bucket).toBe(0);
    expect(long).toEqual(at("2026-03-04T05:06:07Z", "x".repeat(128), "y".repeat(128)));
    expect(long).not.toEqual(at("2026-03-04T05:06:07Z", "x".repeat(128), "z".repeat(128)));
  });
});
