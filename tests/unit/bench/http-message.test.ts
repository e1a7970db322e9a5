import { describe, expect, test } from "bun:test";
import { joined, readMessage } from "../../../scripts/bench/load/http-message.ts";

const answer = Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 6\r\nDate: x\r\n\r\nпри");

describe("a message of HTTP", () => {
  test("is read whole, however it was cut on its way", () => {
    for (let cut = 1; cut < answer.length; cut += 1) {
      const [begin, rest] = [answer.subarray(0, cut), answer.subarray(cut)];
      expect(readMessage(begin)).toBeNull();
      expect(readMessage(joined(joined(null, begin), rest))).toEqual({
        head: "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nDate: x",
        body: "при",
        bytes: answer.length,
      });
    }
  });

  test("ends where the next one begins", () => {
    const two = Buffer.concat([answer, answer]);
    const first = readMessage(two);
    expect(first?.bytes).toBe(answer.length);
    expect(readMessage(two.subarray(first?.bytes))?.body).toBe("при");
  });

  test("whose length is not told is never taken for whole", () => {
    expect(readMessage(Buffer.from("HTTP/1.1 200 OK\r\n\r\nabc"))).toBeNull();
  });
});
