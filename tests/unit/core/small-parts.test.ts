import { describe, expect, test } from "bun:test";
import pg from "pg";
import fc from "fast-check";
import { systemClock } from "../../../src/core/clock.ts";
import { DeadlineExceeded, within } from "../../../src/core/deadline.ts";
import { describeError } from "../../../src/core/errors.ts";
import { conversationOf, originId, tenantId } from "../../../src/core/ids.ts";
import { storableText } from "../../../src/core/text.ts";
import { classifyFailure } from "../../../src/platform/postgres/failure.ts";

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe("a conversation's id", () => {
  test("is a UUID that the same customer always gets, and nobody else", () => {
    const id = (tenant: number, origin: number, identity: string) =>
      conversationOf(tenantId(tenant), originId(origin), { kind: "client", identity });
    expect(id(1, 2, "3")).toMatch(uuid);
    expect(id(1, 2, "3")).toBe(id(1, 2, "3"));
    const others = [
      id(1, 2, "4"),
      id(1, 3, "3"),
      id(2, 2, "3"),
      id(12, 2, "3"),
      id(1, 22, "3"),
      id(1, 2, "o"),
    ];
    const origin = conversationOf(tenantId(1), originId(2), { kind: "origin" });
    expect(new Set([id(1, 2, "3"), origin, ...others]).size).toBe(8);
  });
});

describe("text to be stored", () => {
  test("has no NUL and no lone surrogate, and is otherwise what it was", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const stored = storableText(text);
        expect(stored.isWellFormed()).toBe(true);
        expect(stored).not.toContain("\0");
        expect(stored.length).toBe(text.length);
        expect(storableText(stored)).toBe(stored);
      }),
    );
    expect(storableText("a\0b\ud800c")).toBe("a\ufffdb\ufffdc");
    expect(storableText("🦊 Привет")).toBe("🦊 Привет");
  });
});

describe("what is said of an error", () => {
  test("is its name and code, or its message where that quotes no data", () => {
    expect(describeError(new Error("too slow"))).toBe("Error: too slow");
    expect(describeError(Object.assign(new Error("password is x"), { code: "28P01" }))).toBe(
      "Error 28P01",
    );
    expect(describeError("password")).toBe("unknown error");
  });

  test("never quotes the text that could not be parsed", () => {
    for (const secret of ["+14155552671", "hello world", '{"token": canary}']) {
      try {
        JSON.parse(secret.slice(1));
      } catch (error) {
        expect(describeError(error)).toBe("SyntaxError");
      }
    }
  });
});

describe("a deadline", () => {
  test("lets quick work through, with its result or its error", async () => {
    expect(await within(Promise.resolve(7), 1_000, "work")).toBe(7);
    await expect(within(Promise.reject(new Error("no")), 1_000, "work")).rejects.toThrow("no");
  });

  test("ends the wait for slow work and names it", async () => {
    const begun = systemClock.monotonic();
    const never = new Promise<never>(() => undefined);
    await expect(within(never, 20, "the journal")).rejects.toThrow(
      new DeadlineExceeded("the journal", 20),
    );
    expect(systemClock.monotonic() - begun).toBeLessThan(1_000);
  });
});

describe("a failed statement", () => {
  const failed = (code: string) => Object.assign(new pg.DatabaseError("x", 1, "error"), { code });

  test("was refused when the server judged the data", () => {
    for (const code of ["22P05", "23505", "23514", "P0001", "21000", "54000"])
      expect(classifyFailure(failed(code))).toBe("refused");
  });

  test("that does not fit the schema says nothing about the data: nobody's event is parked for it", () => {
    for (const code of ["42883", "42703", "42501", "0A000"])
      expect(classifyFailure(failed(code))).toBe("unknown");
  });

  test("may succeed as it is after a deadlock or a serialization failure", () => {
    for (const code of ["40001", "40P01"]) expect(classifyFailure(failed(code))).toBe("conflict");
  });

  test("has an unknown end when the server or the connection went away, or time ran out", () => {
    for (const code of ["57P01", "57014", "08006", "53300", "40003", "XX000", "25006", "26000"])
      expect(classifyFailure(failed(code))).toBe("unknown");
    for (const error of [
      new Error("Connection terminated unexpectedly"),
      new Error("Query read timeout"),
      "odd",
      undefined,
    ])
      expect(classifyFailure(error)).toBe("unknown");
  });
});
