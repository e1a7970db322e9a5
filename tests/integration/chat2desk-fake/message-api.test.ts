import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import {
  type FakeChat2Desk,
  startFakeChat2Desk,
} from "../../../src/channels/chat2desk/fake/platform.ts";
import { type Receiver, sendMessage, startReceiver } from "./receiver.ts";

const HELLO = { client_id: 1, text: "hello" };

describe("the fake's POST /v1/messages", () => {
  let receiver: Receiver;
  let platform: FakeChat2Desk;
  let nowMs = 0;

  beforeEach(async () => {
    nowMs = 1_000;
    receiver = startReceiver();
    platform = await startFakeChat2Desk({
      now: () => nowMs,
      accounts: [
        { token: "token-one", webhookUrl: receiver.url },
        { token: "token-two", webhookUrl: receiver.url, knownClientsOnly: true },
      ],
    });
  });

  afterEach(async () => {
    await platform.stop();
    await receiver.stop();
  });

  function sends() {
    return platform.log.since(0).flatMap((entry) => (entry.kind === "send" ? [entry] : []));
  }

  /** Writes bytes to the platform and resolves with what came back when the connection ends. */
  function talk(bytes: string): Promise<string> {
    return new Promise((resolve) => {
      let heard = "";
      const socket = connect(platform.port, "127.0.0.1", () => socket.write(bytes));
      socket.on("data", (data) => {
        heard += data.toString();
      });
      socket.on("error", () => undefined);
      socket.on("close", () => resolve(heard));
    });
  }

  test("a message is answered in the documented envelope and recorded as it was written", async () => {
    const body = `{"client_id":9007199254740993123,"channel_id":"17","text":"hello","type":"autoreply","open_dialog":false,"external_id":"d-1"}`;
    const answer = await sendMessage(platform.url, body);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      status: "success",
      data: { channel_id: 17, type: "autoreply", transport: "telegram", operator_id: null },
    });
    expect(sends()).toMatchObject([
      {
        client: { value: "9007199254740993123", type: "number" },
        channel: { value: "17", type: "string" },
        openDialog: false,
        externalId: "d-1",
        body,
      },
    ]);
  });

  test("query parameters are as good as a body", async () => {
    const answer = await fetch(`${platform.url}/v1/messages?client_id=1&text=hello`, {
      method: "POST",
      headers: { authorization: "token-one" },
    });
    expect(answer.status).toBe(200);
    expect(sends()[0]).toMatchObject({ client: { value: "1" }, text: "hello", openDialog: true });
  });

  test("an unknown token is refused, also with the word Bearer before it", async () => {
    for (const token of ["token-three", "Bearer token-one"]) {
      const answer = await sendMessage(platform.url, HELLO, token);
      expect(answer.status).toBe(403);
      expect(await answer.text()).toContain("You have to specify your token");
    }
    expect(platform.log.since(0)).toEqual([]);
  });

  test("a call without client, text or JSON is refused with 400", async () => {
    for (const body of ["{}", '{"client_id":1}', "nonsense"]) {
      expect((await sendMessage(platform.url, body)).status).toBe(400);
    }
    expect(sends()).toEqual([]);
  });

  test("an account that knows its clients refuses others, even those of another account", async () => {
    await platform.say({ token: "token-one", clientId: 1, text: "hi" });
    expect((await sendMessage(platform.url, HELLO, "token-two")).status).toBe(400);
    await platform.say({ token: "token-two", clientId: 1, text: "hi" });
    expect((await sendMessage(platform.url, HELLO, "token-two")).status).toBe(200);
  });

  describe("cut connections", () => {
    test("a connection cut before reading ends before the body was even sent; nothing is accepted", async () => {
      await platform.control({ do: "sends", fault: { mode: "cut-before-reading" }, next: 1 });
      const head = "POST /v1/messages HTTP/1.1\r\nhost: x\r\nauthorization: token-one\r\n";
      expect(await talk(`${head}content-length: 500\r\n\r\n`)).toBe("");
      expect(platform.arrivals("account-1")).toEqual([]);
      expect((await sendMessage(platform.url, HELLO)).status).toBe(200);
      expect(sends()).toHaveLength(1);
    });

    test("a connection cut after reading ends without an answer; the client has the message", async () => {
      await platform.control({ do: "sends", fault: { mode: "cut-after-reading" }, next: 1 });
      const body = JSON.stringify(HELLO);
      const head = "POST /v1/messages HTTP/1.1\r\nhost: x\r\nauthorization: token-one\r\n";
      expect(await talk(`${head}content-length: ${body.length}\r\n\r\n${body}`)).toBe("");
      expect(sends()).toHaveLength(1);
      expect(platform.arrivals("account-1")).toHaveLength(1);
    });

    test("a caller with a kept connection sees both cuts as errors, each call arriving once", async () => {
      expect((await sendMessage(platform.url, HELLO)).status).toBe(200);
      for (const mode of ["cut-before-reading", "cut-after-reading"]) {
        await platform.control({ do: "sends", fault: { mode }, next: 1 });
        await expect(sendMessage(platform.url, HELLO)).rejects.toThrow();
      }
      const arrivals = platform.log.since(0).filter((entry) => entry.kind === "arrival");
      expect(arrivals).toHaveLength(3);
      expect(sends()).toHaveLength(2);
    });
  });

  describe("told faults", () => {
    test.each([
      ["error", 500, "Internal Server Error"],
      ["quota", 403, "API calls exceeded API limit per month"],
      ["wrong-token", 403, "You have to specify your token"],
      ["bad-request", 400, "bad client_id"],
      ["throttle", 429, "Number of API requests exceeded"],
    ])("%s is answered once and accepts nothing", async (mode, status, words) => {
      await platform.control({ do: "sends", fault: { mode }, next: 1 });
      const answer = await sendMessage(platform.url, HELLO);
      expect(answer.status).toBe(status);
      expect(await answer.text()).toContain(words);
      expect(sends()).toEqual([]);
      expect((await sendMessage(platform.url, HELLO)).status).toBe(200);
    });

    test("an error can hide that the message was accepted", async () => {
      const fault = { mode: "error", status: 502, accepted: true };
      await platform.control({ do: "sends", fault, next: 1 });
      expect((await sendMessage(platform.url, HELLO)).status).toBe(502);
      expect(sends()).toHaveLength(1);
    });

    test("a slow call is answered after its time", async () => {
      await platform.control({ do: "sends", fault: { mode: "slow", ms: 60 }, next: 1 });
      const startedMs = performance.now();
      expect((await sendMessage(platform.url, HELLO)).status).toBe(200);
      expect(performance.now() - startedMs).toBeGreaterThanOrEqual(59);
    });

    test("a hanging call is not answered until it is cleared, then cut", async () => {
      await platform.control({ do: "sends", fault: { mode: "hang" } });
      const call = sendMessage(platform.url, HELLO).then(
        () => "answered",
        () => "cut",
      );
      await platform.waitFor((entry) => entry.kind === "answer" && entry.ending === "hung", 2_000);
      await platform.control({ do: "clear" });
      expect(await call).toBe("cut");
      expect((await sendMessage(platform.url, HELLO)).status).toBe(200);
    });

    test("a fault for one client leaves the others alone", async () => {
      await platform.control({ do: "sends", fault: { mode: "error" }, clientId: 2 });
      expect((await sendMessage(platform.url, { client_id: 2, text: "a" })).status).toBe(500);
      expect((await sendMessage(platform.url, { client_id: 1, text: "a" })).status).toBe(200);
    });

    test("chance repeats with its seed", async () => {
      async function run(seed: number): Promise<readonly number[]> {
        await platform.control({ do: "clear" });
        await platform.control({ do: "sends", fault: { mode: "error" }, probability: 0.5, seed });
        const statuses: number[] = [];
        for (let call = 0; call < 12; call += 1) {
          nowMs += 1_000;
          statuses.push((await sendMessage(platform.url, HELLO)).status);
        }
        return statuses;
      }
      const first = await run(4);
      expect(new Set(first)).toEqual(new Set([200, 500]));
      expect(await run(4)).toEqual(first);
      expect(await run(5)).not.toEqual(first);
    });
  });

  describe("echo", () => {
    test("a message comes back as outbox with its type and the id of the answer", async () => {
      const answer = await sendMessage(platform.url, { ...HELLO, type: "autoreply" });
      const { data } = JSON.parse(await answer.text());
      await platform.waitFor((entry) => entry.kind === "webhook", 2_000);
      const echo = JSON.parse(receiver.received[0]?.body ?? "");
      expect(echo).toMatchObject({ hook_type: "outbox", type: "autoreply", operator_id: null });
      expect([echo.message_id, echo.text]).toEqual([data.message_id, "hello"]);
    });

    test("told so, the echo is acknowledged before the send is answered, with an operator", async () => {
      await platform.control({ do: "echo", when: "before", operatorId: 41 });
      await sendMessage(platform.url, HELLO);
      const kinds = platform.log.since(0).map((entry) => entry.kind);
      expect(kinds.indexOf("webhook")).toBeLessThan(kinds.indexOf("answer"));
      expect(JSON.parse(receiver.received[0]?.body ?? "")).toMatchObject({ operator_id: 41 });
    });

    test("told so, nothing comes back", async () => {
      await platform.control({ do: "echo", enabled: false });
      await sendMessage(platform.url, HELLO);
      await platform.idle();
      expect(receiver.received).toEqual([]);
    });
  });
});
