import { describe, expect, test } from "bun:test";
import { lineAt, readSource } from "../../scripts/quality/lexer.ts";

describe("code is told from what only looks like code", () => {
  const cases: readonly { readonly what: string; readonly text: string; readonly seen: boolean }[] =
    [
      { what: "a line comment", text: "one(); // word\n", seen: false },
      { what: "a block comment", text: "/* a\n word */ one();", seen: false },
      { what: "a string", text: 'one("word");', seen: false },
      { what: "a string with an escaped quote", text: 'one("a\\"word");', seen: false },
      { what: "template text", text: "one(`a word`);", seen: false },
      { what: "a regular expression", text: "const a = /word/g;", seen: false },
      { what: "a regular expression after a word", text: "return /word/g;", seen: false },
      { what: "a regular expression with a quote", text: "const a = /[\"'/]word/;", seen: false },
      { what: "code after a string", text: 'one("a"); word();', seen: true },
      { what: "code after a comment with a quote", text: "// it's\nword();", seen: true },
      { what: "code after a division", text: "const a = b / c; word(d / e);", seen: true },
      { what: "code inside a template", text: "one(`a ${word} b`);", seen: true },
      { what: "code after a nested template", text: "one(`a ${`b ${c}`}`); word();", seen: true },
      {
        what: "code after braces in a template",
        text: "one(`${{ a: 1 }.a}`); word();",
        seen: true,
      },
      { what: "code after a regex with a backtick", text: "a.split(/`/); word();", seen: true },
      { what: "code after an address", text: 'one("http://a"); word();', seen: true },
    ];
  for (const { what, text, seen } of cases) {
    test(`${what} ${seen ? "is code" : "is not code"}`, () => {
      expect(readSource(text).code.includes("word")).toBe(seen);
    });
  }
});

test("positions and lines stay as they were", () => {
  const text = "/* one\n two */ const a = `x\ny`;\nconst b = 'z'; // end\n";
  const { code, strings, comments } = readSource(text);
  expect(code).toHaveLength(text.length);
  expect(code.split("\n")).toHaveLength(text.split("\n").length);
  expect(lineAt(text, code.indexOf("const b"))).toBe(4);
  expect(strings).toEqual([{ start: text.indexOf("'z'"), value: "z" }]);
  expect(comments.map((comment) => comment.text)).toEqual(["/* one\n two */", "// end"]);
});

test("a text that is not code ends in a result and not in a hang", () => {
  for (const text of ["`never closed", '"never closed', "}}}`${", "/* never closed", "'"]) {
    expect(readSource(text).code).toHaveLength(text.length);
  }
});
