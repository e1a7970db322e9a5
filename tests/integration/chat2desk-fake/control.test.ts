import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  type FakeChat2Desk,
  startFakeChat2Desk,
} from "../../../src/channels/chat2desk/fake/platform.ts";
import { type Receiver, sendMessage, startReceiver } from "./receiver.ts";

/** Reads a JSON answer without a type, as a caller in any language would. */
async function readJson(url: string) {
  return JSON.parse(await fetch(url).then((answer) => answer.text()));
}

describe("the fake's control over HTTP", () => {
  let receiver: Receiver;
  let platform: FakeChat2Desk;

  beforeEach(async () => {
    receiver = startReceiver();
    const webhookUrl = receiver.url;
    platform = await startFakeChat2Desk({ accounts: [{ token: "token-one", webhookUrl }] });
  });

  afterEach(async () => {
    await platform.stop();
    await receiver.stop();
  });

  function control(command: unknown, query = ""): Promise<Response> {
    const body = typeof command === "string" ? command : JSON.stringify(command);
    return fetch(`${platform.url}/__control${query}`, { method: "POST", body });
  }

  test("a client can be made to write, and the answer tells of the acknowledgement", async () => {
    const answer = await control({ do: "say", clientId: 5, text: "hi" });
    expect(await answer.json()).toMatchObject({
      ok: true,
      result: { acknowledged: true, attempts: 1 },
    });
    expect(JSON.parse(receiver.received[0]?.body ?? "")).toMatchObject({
      hook_type: "inbox",
      type: "from_client",
      client_id: 5,
      text: "hi",
    });
  });

  test("a command need not be waited for", async () => {
    const answer = await control({ do: "say", clientId: 5, text: "hi" }, "?wait=no");
    expect(await answer.json()).toEqual({ ok: true, result: null });
    await platform.waitFor((entry) => entry.kind === "webhook", 2_000);
  });

  test("misbehaviour can be told and taken back", async () => {
    await control({ do: "sends", fault: { mode: "error", status: 503 } });
    expect((await sendMessage(platform.url, { client_id: 1, text: "a" })).status).toBe(503);
    await control({ do: "clear" });
    expect((await sendMessage(platform.url, { client_id: 1, text: "a" })).status).toBe(200);
  });

  test.each([
    ["no JSON", "say"],
    ["no such command", { do: "sing" }],
    ["no client", { do: "say", text: "hi" }],
    ["no such account", { do: "say", account: "account-9", clientId: 1, text: "hi" }],
    ["no such fault", { do: "sends", fault: { mode: "explode" } }],
  ])("%s is refused with a reason", async (_, command) => {
    const answer = await control(command);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      ok: false,
      message: expect.stringMatching(/must|JSON/),
    });
    expect(receiver.received).toEqual([]);
  });

  test("the log is read from a cursor and can be waited for", async () => {
    await control({ do: "say", clientId: 5, text: "hi" });
    const first = await readJson(`${platform.url}/__log?since=0`);
    expect(first.entries).toMatchObject([{ seq: 1, kind: "webhook", hookType: "inbox" }]);
    const news = readJson(`${platform.url}/__log?since=${first.next}&kind=send&waitMs=5000`);
    await sendMessage(platform.url, { client_id: 5, text: "hello" });
    expect((await news).entries).toMatchObject([
      { kind: "send", text: "hello", client: { value: "5" } },
    ]);
  });

  test("the figures name the account and never its token", async () => {
    await sendMessage(platform.url, { client_id: 5, text: "hello" });
    const text = await fetch(`${platform.url}/__stats`).then((answer) => answer.text());
    expect(JSON.parse(text).accounts).toMatchObject([
      { account: "account-1", arrivals: 1, accepted: 1, violations: 0, limitCount: 300 },
    ]);
    expect(text).not.toContain("token-one");
  });

  test("stopping ends calls that hang and webhooks that wait for a retry", async () => {
    const refusing = startReceiver(() => new Response("", { status: 500 }));
    const other = await startFakeChat2Desk({
      accounts: [{ token: "token-one", webhookUrl: refusing.url }],
    });
    await other.control({ do: "sends", fault: { mode: "hang" } });
    const said = other.say({ clientId: 1, text: "hi" });
    const call = sendMessage(other.url, { client_id: 1, text: "a" }).catch(() => "cut");
    await other.waitFor((entry) => entry.kind === "webhook", 2_000);
    await other.waitFor((entry) => entry.kind === "answer", 2_000);
    await other.stop();
    expect((await said).acknowledged).toBe(false);
    expect(await call).toBe("cut");
    await refusing.stop();
  });
});
