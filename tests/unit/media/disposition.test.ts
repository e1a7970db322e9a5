import { describe, expect, test } from "bun:test";
import { dispositionOf } from "../../../src/media/disposition.ts";

function named(name: string | null, contentType = "application/pdf"): string {
  const header = dispositionOf({ name, contentType, kind: "file" });
  return decodeURIComponent(/filename\*=UTF-8''(\S+)$/.exec(header)?.[1] ?? "");
}

describe("the name under which a file is saved", () => {
  test.each([
    ["menu.pdf", "menu.pdf"],
    [null, "file.pdf"],
    ["", "file.pdf"],
    ["../../etc/passwd", "passwd.pdf"],
    ["C:\\Windows\\system32\\x.pdf", "x.pdf"],
    ["..", "file.pdf"],
    [".htaccess", "htaccess.pdf"],
    ["счёт №5.pdf", "счёт №5.pdf"],
    // The direction of reading turned, so that it looks like a picture.
    ["invoice\u202Egpj.exe", "invoicegpj.exe.pdf"],
    ["a\r\nSet-Cookie: x=1.pdf", "aSet-Cookie: x=1.pdf"],
    ["a\0b.pdf", "ab.pdf"],
    ["\uD800.pdf", "\uFFFD.pdf"],
    ["menu.PDF", "menu.PDF"],
    ['a";filename="b.pdf', 'a";filename="b.pdf'],
  ])("of %p is %p", (name, expected) => {
    expect(named(name)).toBe(expected);
  });

  test("ends as its bytes are, where they are known", () => {
    expect(named("holiday.html", "image/png")).toBe("holiday.html.png");
    expect(named("page.html", "application/octet-stream")).toBe("page.html");
  });

  test("is short, and keeps its end", () => {
    expect(named(`${"a".repeat(500)}.pdf`)).toMatch(/^a{116}\.pdf$/);
  });

  test("is one header, whatever is in it", () => {
    for (const name of ["a\r\nb", 'a"b', "a'b", "ä", "a;b", "a\u2028b", "💾", "%22"])
      expect(dispositionOf({ name, contentType: "text/plain", kind: "file" })).toMatch(
        /^attachment; filename="[\w.() -]*"; filename\*=UTF-8''[\w.%!~-]*$/,
      );
  });
});

describe("what a browser shows by itself", () => {
  test.each(["image/png", "audio/ogg", "video/mp4"])("may be %s", (contentType) => {
    expect(dispositionOf({ name: null, contentType, kind: "x" })).toStartWith("inline;");
  });

  test.each([
    "text/html",
    "image/svg+xml",
    "application/xml",
    "application/pdf",
    "application/octet-stream",
    "text/javascript",
    "application/x-msdownload",
  ])("is never %s", (contentType) => {
    expect(dispositionOf({ name: null, contentType, kind: "x" })).toStartWith("attachment;");
  });
});
