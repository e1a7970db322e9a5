import { describe, expect, test } from "bun:test";
import { tenantId } from "../../../src/core/ids.ts";
import { createMediaLinks } from "../../../src/media/links.ts";
import { createOutgoingFiles } from "../../../src/media/outgoing.ts";
import { plainText } from "../../../src/message/outgoing.ts";
import { withAddress } from "../../../src/outbox/file-address.ts";

const id = "0f0e0d0c-0b0a-0908-0706-050403020100";
const tenant = tenantId(7);
const day = 86_400_000;
const clock = { now: () => 1_800_000_000_000, monotonic: () => 0 };
const links = createMediaLinks([Buffer.alloc(32, 1)]);
const files = createOutgoingFiles({ links, publicUrl: "https://desk.example.com/in", clock });
const file = { type: "image", url: `media:${id}`, name: null, caption: "" } as const;

describe("a file of ours in an outgoing message", () => {
  test("gets an address that is good for a day from the moment of sending", () => {
    const sent = withAddress(file, tenant, files.addressOf);
    const url = new URL(sent !== null && "url" in sent ? sent.url : "");
    expect(url.href).toStartWith(`https://desk.example.com/in/media/7-${id}?expires=`);
    const verified = links.verify(`7-${id}`, url.searchParams, clock.now());
    expect(verified).toEqual({
      ok: true,
      file: { tenant, id },
      expiresAt: clock.now() + day,
    });
  });

  test("cannot go out while nobody knows the installation's address or no key signs", () => {
    const unreachable = createOutgoingFiles({ links, publicUrl: null, clock });
    const keyless = createOutgoingFiles({
      links: createMediaLinks([]),
      publicUrl: "https://desk.example.com",
      clock,
    });
    for (const { addressOf } of [unreachable, keyless])
      expect(withAddress(file, tenant, addressOf)).toBeNull();
  });

  test("is told from somebody else's, whose address stays, and words have none", () => {
    const other = { ...file, url: "https://files.example.test/a.png" };
    expect(withAddress(other, tenant, files.addressOf)).toEqual(other);
    expect(withAddress(plainText("media:x"), tenant, files.addressOf)).toEqual(
      plainText("media:x"),
    );
  });
});
