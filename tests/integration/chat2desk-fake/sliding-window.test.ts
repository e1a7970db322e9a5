import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  type FakeChat2Desk,
  startFakeChat2Desk,
} from "../../../src/channels/chat2desk/fake/platform.ts";
import { type Receiver, sendMessage, startReceiver } from "./receiver.ts";

const HELLO = { client_id: 1, text: "hello" };

describe("the fake's sliding window", () => {
  let receiver: Receiver;
  let platform: FakeChat2Desk;
  let nowMs = 0;

  beforeEach(async () => {
    nowMs = 1_000;
    receiver = startReceiver();
    platform = await startFakeChat2Desk({
      now: () => nowMs,
      accounts: [
        { token: "token-one", webhookUrl: receiver.url, rateLimit: { count: 3, windowMs: 300 } },
        { token: "token-two", webhookUrl: receiver.url },
      ],
    });
  });

  afterEach(async () => {
    await platform.stop();
    await receiver.stop();
  });

  async function callAt(atMs: number): Promise<number> {
    nowMs = atMs;
    return (await sendMessage(platform.url, HELLO)).status;
  }

  test("the call over the limit gets 429; when the window slides exactly one more passes", async () => {
    const statuses: number[] = [];
    for (const atMs of [1_000, 1_100, 1_200, 1_299, 1_300, 1_301, 1_400, 1_401]) {
      statuses.push(await callAt(atMs));
    }
    expect(statuses).toEqual([200, 200, 200, 429, 200, 429, 200, 429]);
    expect(platform.stats()[0]).toMatchObject({ accepted: 5, refusedOverLimit: 3 });
    expect(platform.arrivals("account-1")).toHaveLength(8);
  });

  test("a burst across the edge of a fixed window is seen", async () => {
    for (const atMs of [1_290, 1_291, 1_292, 1_310]) await callAt(atMs);
    expect(platform.stats()[0]).toMatchObject({ violations: 1, maxInWindow: 4 });
  });

  test("a caller who keeps the limit makes no violation", async () => {
    for (const atMs of [1_000, 1_100, 1_200, 1_300, 1_400]) await callAt(atMs);
    expect(platform.stats()[0]).toMatchObject({ violations: 0, maxInWindow: 3 });
  });

  test("accounts have windows of their own", async () => {
    for (const atMs of [1_000, 1_001, 1_002]) await callAt(atMs);
    expect((await sendMessage(platform.url, HELLO, "token-two")).status).toBe(200);
  });

  test("the refusal can carry Retry-After, or come as 200 with only the words", async () => {
    for (const atMs of [1_000, 1_001, 1_002]) await callAt(atMs);
    await platform.control({ do: "overLimit", as: "429", retryAfter: "auto" });
    const refused = await sendMessage(platform.url, HELLO);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
    await platform.control({ do: "overLimit", as: "body" });
    const worded = await sendMessage(platform.url, HELLO);
    expect([worded.status, worded.headers.get("retry-after")]).toEqual([200, null]);
    expect(await worded.text()).toContain("Number of API requests exceeded");
  });
});
