import { describe, expect, test } from "bun:test";
import { createKeyring, readKey } from "../../../src/tenants/keyring.ts";

const [first, second] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const secret = '{"token":"canary-7d1e","name":"Ünï 🍜"}';
const owner = "telegram/main";

describe("a keyring", () => {
  test("opens what it sealed, and two seals of one text differ", () => {
    const ring = createKeyring([first]);
    const [one, two] = [ring.seal(secret, owner), ring.seal(secret, owner)];
    expect(ring.open(one, owner)).toEqual({ ok: true, text: secret });
    expect(one).not.toBe(two);
    expect(one).not.toContain("canary");
    expect(Buffer.from(one.split(":")[2] ?? "", "base64").toString("latin1")).not.toContain(
      "canary",
    );
    expect(ring.isCurrent(one)).toBe(true);
  });

  test("refuses what was changed by one bit anywhere, or belongs to another origin", () => {
    const ring = createKeyring([first]);
    const sealed = ring.seal(secret, owner);
    const [mark, id, body = ""] = sealed.split(":");
    const bytes = Buffer.from(body, "base64");
    for (let at = 0; at < bytes.length; at += 1) {
      const bad = Buffer.from(bytes);
      bad[at] = (bad[at] ?? 0) ^ 1;
      const changed = `${mark}:${id}:${bad.toString("base64")}`;
      expect(ring.open(changed, owner)).toEqual({ ok: false, reason: "damaged" });
    }
    expect(ring.open(sealed, "telegram/other")).toEqual({ ok: false, reason: "damaged" });
    for (const text of ["", "a256gcm:", `${mark}:${id}:AAAA`, body])
      expect(ring.open(text, owner)).toEqual({ ok: false, reason: "damaged" });
  });

  test("a new key in front still opens the old one's work; without the old key nothing opens", () => {
    const sealed = createKeyring([first]).seal(secret, owner);
    const turned = createKeyring([second, first]);
    expect(turned.open(sealed, owner)).toEqual({ ok: true, text: secret });
    expect(turned.isCurrent(sealed)).toBe(false);
    expect(createKeyring([second]).open(sealed, owner)).toEqual({
      ok: false,
      reason: "unknown_key",
    });
  });

  test("without a key text stays readable, and a key set later still reads it", () => {
    const sealed = createKeyring([]).seal(secret, owner);
    expect(sealed).toBe(`plain:${secret}`);
    expect(createKeyring([first]).open(sealed, owner)).toEqual({ ok: true, text: secret });
    expect(createKeyring([first]).isCurrent(sealed)).toBe(false);
  });
});

test("a key is 32 bytes in hex or base64, and nothing else", () => {
  expect(readKey(first.toString("hex"))).toEqual(first);
  expect(readKey(first.toString("base64"))).toEqual(first);
  for (const text of [
    "",
    "secret",
    "ab".repeat(31),
    `${first.toString("base64")}AAAA`,
    "ü".repeat(22),
  ])
    expect(readKey(text)).toBeNull();
});
