import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ExactNumber, isJsonObject, jsonDepthMax, parseJson } from "../../../src/core/json.ts";

function parsed(text: string): unknown {
  const result = parseJson(text);
  if (!result.ok) throw new Error(`refused: ${result.reason}`);
  return result.value;
}

function nested(depth: number, open = "[", close = "]"): string {
  return open.repeat(depth) + close.repeat(depth);
}

describe("exact numbers", () => {
  test("an integer beyond 2^53 keeps all its digits and stays a number", () => {
    expect(parsed('{"id":9007199254740993}')).toEqual({ id: new ExactNumber("9007199254740993") });
    expect(parsed("[-18446744073709551617]")).toEqual([new ExactNumber("-18446744073709551617")]);
  });

  test("what a double holds exactly is a plain number, also with 16 digits", () => {
    expect(parsed("[9007199254740991,1234567890123456,0.1234567890123456789,1e20]")).toEqual([
      9_007_199_254_740_991, 1_234_567_890_123_456, 0.123_456_789_012_345_68, 1e20,
    ]);
  });

  test("digits inside a string stay a string", () => {
    expect(parsed('["9007199254740993"]')).toEqual(["9007199254740993"]);
  });

  test("a body of long ids is written back digit by digit", () => {
    const text =
      '{"a":9007199254740993,"b":["9007199254740993",{"c":-99999999999999999999,"d":null}]}';
    expect(JSON.stringify(parsed(text))).toBe(text);
  });

  test("any integer comes back as it went in", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), (integer) => {
        expect(JSON.stringify(parsed(`{"n":${integer}}`))).toBe(`{"n":${integer}}`);
      }),
    );
  });

  test("any JSON is read as JSON.parse reads it, but for the digits it would lose", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        expect(JSON.parse(JSON.stringify(parsed(text)))).toEqual(JSON.parse(text));
      }),
    );
  });
});

describe("depth", () => {
  test(`${jsonDepthMax} levels are read and one more is refused, for arrays and objects`, () => {
    expect(parseJson(nested(jsonDepthMax)).ok).toBe(true);
    expect(parseJson(nested(jsonDepthMax + 1))).toEqual({ ok: false, reason: "too_deep" });
    expect(parseJson(nested(jsonDepthMax - 1, '{"a":[', "]}").replace("[]", "[1]"))).toEqual({
      ok: false,
      reason: "too_deep",
    });
    expect(parseJson(`${'{"a":'.repeat(jsonDepthMax)}1${"}".repeat(jsonDepthMax)}`).ok).toBe(true);
    expect(
      parseJson(`${'{"a":'.repeat(jsonDepthMax + 1)}1${"}".repeat(jsonDepthMax + 1)}`),
    ).toEqual({ ok: false, reason: "too_deep" });
  });

  test("a million open brackets are refused without building anything", () => {
    expect(parseJson("[".repeat(1_000_000))).toEqual({ ok: false, reason: "too_deep" });
  });

  test("brackets inside strings do not count, whatever is escaped around them", () => {
    const brackets = "[{".repeat(100);
    for (const inside of [
      brackets,
      `\\"${brackets}`,
      `${brackets}\\\\`,
      `\\\\\\"${brackets}\\\\\\\\`,
    ]) {
      expect(parseJson(`["${inside}"]`).ok).toBe(true);
    }
    expect(parseJson(`["\\\\",${nested(jsonDepthMax)}]`)).toEqual({
      ok: false,
      reason: "too_deep",
    });
  });

  test("side by side is not deep", () => {
    expect(parseJson(`[${Array.from({ length: 1_000 }, () => "[{}]").join(",")}]`).ok).toBe(true);
  });
});

describe("hostile bodies", () => {
  test("what is not JSON is refused and nothing is thrown", () => {
    for (const text of [
      "",
      " ",
      "{",
      '{"a"',
      '"',
      '"\\',
      "[1,]",
      "NaN",
      "undefined",
      "{'a':1}",
      "[1]]",
      "\uFEFF{}",
      "01",
    ]) {
      expect(parseJson(text)).toEqual({ ok: false, reason: "not_json" });
    }
  });

  test("a key __proto__ is an own property and gives the object nothing, with and without long digits", () => {
    for (const id of ["1", "9007199254740993"]) {
      const value = parsed(
        `{"__proto__":{"admin":true,"id":${id}},"constructor":{"prototype":{"admin":true}}}`,
      );
      if (!isJsonObject(value)) throw new Error("expected an object");
      expect(value["admin"]).toBeUndefined();
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect(Object.keys(value)).toEqual(["__proto__", "constructor"]);
      expect(Reflect.get({}, "admin")).toBeUndefined();
    }
  });

  test("JSON cannot forge an exact number", () => {
    expect(parsed('{"digits":"9007199254740993"}')).not.toBeInstanceOf(ExactNumber);
  });

  test("an object is an object, and a long number, an array or null is none", () => {
    expect(isJsonObject(parsed("{}"))).toBe(true);
    for (const text of ["9007199254740993", "[]", "null", "1", '"a"'])
      expect(isJsonObject(parsed(text))).toBe(false);
  });
});
