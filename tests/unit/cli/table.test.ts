import { describe, expect, test } from "bun:test";
import { formatPairs, formatTable } from "../../../src/cli/table.ts";
import { paint, plainLine, plainText } from "../../../src/cli/terminal.ts";

const columns = [{ title: "NAME" }, { title: "N", align: "right" }, { title: "WHY" }] as const;
const plain = { width: null, colours: false };

describe("a table", () => {
  test("lines up what is written in wide letters, accents and emoji", () => {
    const rows = [
      ["東京", "1", "a"],
      ["süß", "23", "b"],
      ["🍕", "456", ""],
    ];
    expect(formatTable(columns, rows, plain).split("\n")).toEqual([
      "NAME    N  WHY",
      "東京    1  a",
      "süß    23  b",
      "🍕    456",
      "",
    ]);
  });

  test("is cut to a screen in its last column only, and not at all for a program", () => {
    const rows = [["name", "1", `because ${"of this ".repeat(10)}`]];
    const lines = formatTable(columns, rows, { width: 40, colours: false }).trimEnd().split("\n");
    expect(Math.max(...lines.map((line) => Bun.stringWidth(line)))).toBeLessThanOrEqual(40);
    expect(lines[1]).toEndWith("…");
    expect(formatTable(columns, rows, plain)).not.toContain("…");
  });

  test("has colours only where they are taken", () => {
    const rows = [["a", "1", "b"]];
    expect(formatTable(columns, rows, { width: 80, colours: true })).toContain("\u001B[2m");
    expect(formatTable(columns, rows, { width: 80, colours: false })).not.toContain("\u001B");
    expect(formatPairs([["a", "b"]], plain)).toBe("  a  b\n");
    expect(paint(plain, "red", "x")).toBe("x");
  });
});

describe("what others wrote", () => {
  test("cannot steer the screen on which it is shown", () => {
    const evil = "a\u001B[2Jb\u0007c\u009Bd\u202Ee\r\nf";
    expect(plainLine(evil)).toBe("a\uFFFD[2Jb\uFFFDc\uFFFDd\uFFFDe f");
    expect(plainText(evil)).toBe("a\uFFFD[2Jb\uFFFDc\uFFFDd\uFFFDe\nf");
  });
});
