import { describe, expect, test } from "bun:test";
import { takeIn, TooLarge } from "../../../src/media/intake.ts";

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(content: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const chunk of content) bytes += chunk.length;
  return bytes;
}

const png = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");

describe("a file on its way in", () => {
  test.each([1, 7, 5_000])(
    "is counted, hashed and looked at in pieces of %d bytes",
    async (size) => {
      const bytes = Buffer.concat([png, Buffer.alloc(10_000, 5)]);
      const intake = takeIn(inPieces(bytes, size), bytes.length);
      expect(await read(intake.content)).toBe(bytes.length);
      expect(await intake.facts()).toEqual({
        bytes: bytes.length,
        sha256: new Bun.CryptoHasher("sha256").update(bytes).digest("hex"),
        contentType: "image/png",
      });
      expect(intake.fault()).toBeNull();
    },
  );

  test("that has one byte too many is not read on", async () => {
    const intake = takeIn(inPieces(new Uint8Array(11), 3), 10);
    await expect(read(intake.content)).rejects.toBeInstanceOf(TooLarge);
    expect(intake.fault()).toBeInstanceOf(TooLarge);
  });

  test.each([
    ["<html><script>alert(1)</script>", "application/octet-stream"],
    ["GIF89a<script>alert(1)</script>", "image/gif"],
    ["<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "application/octet-stream"],
    ["<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "application/xml"],
    ["MZ\x90\0", "application/x-msdownload"],
    ["%PDF-1.7", "application/pdf"],
    ["OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead", "audio/ogg"],
    ["", "application/octet-stream"],
    ["PK\x03\x04", "application/zip"],
  ])("is what its bytes are: %p is %s", async (text, type) => {
    const intake = takeIn(inPieces(Buffer.from(text, "latin1"), 4), 1_000);
    await read(intake.content);
    expect((await intake.facts()).contentType).toBe(type);
  });
});
