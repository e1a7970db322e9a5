import { describe, expect, test } from "bun:test";
import { tenantId } from "../../../src/core/ids.ts";
import { createMediaLinks, type MediaLinks } from "../../../src/media/links.ts";

const [first, second] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const file = { tenant: tenantId(7), id: "0f0e0d0c-0b0a-0908-0706-050403020100" };
const later = 1_800_000_000_000;

function pathOf(links: MediaLinks): string {
  const path = links.pathOf(file, later);
  if (path === null) throw new Error("no address");
  return path;
}

function verify(links: MediaLinks, path: string, now: number) {
  const url = new URL(path, "http://localhost");
  return links.verify(url.pathname.slice("/media/".length), url.searchParams, now);
}

describe("an address of a file", () => {
  const links = createMediaLinks([first]);

  test("is good until it expires, and then known as one that was", () => {
    expect(verify(links, pathOf(links), later - 1)).toEqual({ ok: true, file, expiresAt: later });
    expect(verify(links, pathOf(links), later)).toEqual({ ok: false, reason: "expired" });
  });

  test("is worth nothing once any letter of it is another", () => {
    const path = pathOf(links);
    for (let at = "/media/".length; at < path.length; at += 1) {
      const letter = path[at] === "1" ? "2" : "1";
      const changed = `${path.slice(0, at)}${letter}${path.slice(at + 1)}`;
      expect([changed, verify(links, changed, 0).ok]).toEqual([changed, false]);
    }
  });

  test.each([
    "/media/x",
    "/media/7-0f0e0d0c-0b0a-0908-0706-050403020100",
    "/media/7-0f0e0d0c-0b0a-0908-0706-050403020100?expires=1e3&signature=a",
    "/media/7-0f0e0d0c-0b0a-0908-0706-050403020100?expires=99999999999&signature=",
    `/media/7-0f0e0d0c-0b0a-0908-0706-050403020100?expires=99999999999&signature=${"A".repeat(43)}`,
    `/media/7-0f0e0d0c-0b0a-0908-0706-050403020100?expires=99999999999&signature=${"é".repeat(43)}`,
    "/media/..%2F7-0f0e0d0c-0b0a-0908-0706-050403020100?expires=1&signature=a",
  ])("that we never made is not one of ours: %s", (path) => {
    expect(verify(links, path, 0)).toEqual({ ok: false, reason: "signature_wrong" });
  });

  test("stays good when a new key is set in front of the one that signed it, and ends with that key", () => {
    const path = pathOf(links);
    expect(verify(createMediaLinks([second, first]), path, 0).ok).toBe(true);
    expect(verify(createMediaLinks([second]), path, 0).ok).toBe(false);
    expect(pathOf(createMediaLinks([second, first]))).not.toBe(path);
  });

  test("cannot be had, and none is believed, without a key", () => {
    expect(createMediaLinks([]).pathOf(file, later)).toBeNull();
    expect(verify(createMediaLinks([]), pathOf(links), 0).ok).toBe(false);
  });
});
