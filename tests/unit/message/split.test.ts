import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { plainOf, readHtml, writeHtml } from "../../../src/message/html.ts";
import { plainText } from "../../../src/message/outgoing.ts";
import { splitText, type TextLimit } from "../../../src/message/split.ts";
import { splitContent } from "../../../src/message/split-content.ts";

const units = (max: number): TextLimit => ({ max, unit: "utf16" });
const bytes = (max: number): TextLimit => ({ max, unit: "bytes" });
const bare = (text: string) => text.replaceAll(/\s/g, "");

const sizeOf = (part: string, inBytes: boolean) =>
  inBytes ? Buffer.byteLength(part) : part.length;

describe("long words are cut", () => {
  test("at the best pause, which is not kept", () => {
    expect(splitText("one two three", units(8))).toEqual(["one two", "three"]);
    expect(splitText("First. Second one", units(12))).toEqual(["First.", "Second one"]);
    expect(splitText("a long line\nanother one", units(18))).toEqual([
      "a long line",
      "another one",
    ]);
    expect(splitText("para one\n\npara two", units(12))).toEqual(["para one", "para two"]);
  });

  test("not at all when they fit, also where they are nothing or white space", () => {
    for (const text of ["", "  ", "fits\n\n"]) expect(splitText(text, units(10))).toEqual([text]);
  });

  test("inside a word that is longer than a part, but never inside a character", () => {
    expect(splitText("abcdefgh", units(3))).toEqual(["abc", "def", "gh"]);
    expect(splitText("🍜🍜🍜", units(3))).toEqual(["🍜", "🍜", "🍜"]);
    expect(splitText("éééé", bytes(5))).toEqual(["éé", "éé"]);
  });

  test("into parts within the limit that say all that was said, whatever it was", () => {
    const texts = fc.string({ unit: fc.constantFrom("a", "b ", "\n", ". ", "🍜", "é", "\n\n") });
    fc.assert(
      fc.property(texts, fc.integer({ min: 4, max: 30 }), fc.boolean(), (text, max, inBytes) => {
        const parts = splitText(text, inBytes ? bytes(max) : units(max));
        expect(bare(parts.join(""))).toBe(bare(text));
        expect(parts.filter((part) => sizeOf(part, inBytes) > max || !part.isWellFormed())).toEqual(
          [],
        );
        expect(parts.length === 1 || !parts.includes("")).toBe(true);
      }),
    );
  });
});

describe("formatted words", () => {
  const safe = (html: string) => writeHtml(readHtml(html));

  test("keep the few tags that are known, and show the others", () => {
    expect(safe("<b>a</b> <STRONG>b</STRONG> <script>x</script> <b onclick='x'>c</b>")).toBe(
      "<b>a</b> <b>b</b> &lt;script&gt;x&lt;/script&gt; <b>c</b>",
    );
    expect(safe('<a href="javascript:x">a</a> <a href="https://a.b/?c=1&amp;d=2">e</a>')).toBe(
      '&lt;a href="javascript:x"&gt;a&lt;/a&gt; <a href="https://a.b/?c=1&amp;d=2">e</a>',
    );
  });

  test("are closed in order, whatever was left open or closed twice", () => {
    expect(safe("<b>a<i>b")).toBe("<b>a<i>b</i></b>");
    expect(safe("a</b><i>b</b></i>")).toBe("a&lt;/b&gt;<i>b&lt;/b&gt;</i>");
    expect(safe("1 < 2 & 3 > 2 &lt; &#128512; &unknown;")).toBe(
      "1 &lt; 2 &amp; 3 &gt; 2 &lt; 😀 &amp;unknown;",
    );
  });

  test("written and read again are the same words and the same markup, whatever they were", () => {
    const pieces = fc.constantFrom(
      "<b>",
      "</b>",
      "<i>",
      "</i>",
      "a",
      "&",
      "<",
      ">",
      "&lt;",
      "&amp;",
      '"',
    );
    fc.assert(
      fc.property(fc.array(pieces), (given) => {
        const runs = readHtml(given.join(""));
        const written = writeHtml(runs);
        expect(plainOf(readHtml(written))).toBe(plainOf(runs));
        expect(safe(written)).toBe(written);
      }),
    );
  });

  test("are cut by what is seen of them, each part with its own markup", () => {
    const html = { ...plainText("<b>one two</b> three"), format: "html" } as const;
    const parts = splitContent(html, units(5));
    expect(parts.map((part) => part.type === "text" && part.text)).toEqual([
      "<b>one</b>",
      "<b>two</b>",
      "three",
    ]);
  });
});

test("what a long message answers stands with its first part, its buttons with the last", () => {
  const buttons = [[{ title: "Yes", data: "y" }]];
  const parts = splitContent({ ...plainText("one two three"), replyTo: "m1", buttons }, units(5));
  expect(parts).toMatchObject([
    { text: "one", replyTo: "m1", buttons: [] },
    { text: "two", replyTo: null, buttons: [] },
    { text: "three", replyTo: null, buttons },
  ]);
});
