import { afterEach, describe, expect, test } from "bun:test";
import {
  type FakeChat2Desk,
  type FakeChat2DeskOptions,
  startFakeChat2Desk,
} from "../../../src/channels/chat2desk/fake/platform.ts";
import { type ReceivedWebhook, type Receiver, startReceiver } from "./receiver.ts";

const running: { stop: () => Promise<void> }[] = [];

afterEach(async () => {
  for (const one of running.splice(0).toReversed()) await one.stop();
});

type AnswerTo = (webhook: ReceivedWebhook, number: number) => Response | Promise<Response>;

async function start(
  answer?: AnswerTo,
  options: Partial<FakeChat2DeskOptions> = {},
): Promise<{ readonly receiver: Receiver; readonly platform: FakeChat2Desk }> {
  const receiver = startReceiver(answer);
  const accounts = [
    { token: "token-one", webhookUrl: `${receiver.url}/one` },
    { token: "token-two", webhookUrl: `${receiver.url}/two` },
  ];
  const platform = await startFakeChat2Desk({ accounts, ...options });
  running.push(receiver, platform);
  return { receiver, platform };
}

function textsOf(receiver: Receiver): readonly string[] {
  return receiver.received.map(({ body }) => JSON.parse(body).text);
}

describe("the fake's webhooks", () => {
  test("a webhook is sent again by the schedule until a 2xx, with the same body and timestamp", async () => {
    const { receiver, platform } = await start(
      (_, number) => new Response("", { status: number < 3 ? 500 : 204 }),
      { retryScheduleMs: [4_000, 8_000, 16_000], timeScale: 100 },
    );
    const said = await platform.say({ token: "token-one", clientId: 1, text: "hi" });
    expect(said).toMatchObject({ acknowledged: true, attempts: 3 });
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
    const headers = receiver.received.map((one) => one.headers.get("x-timestamp"));
    expect(new Set(headers).size).toBe(1);
    const starts = platform.log
      .since(0)
      .flatMap((entry) => (entry.kind === "webhook" ? [entry.startedMs] : []));
    const [first = 0, second = 0, third = 0] = starts;
    expect(second - first).toBeGreaterThanOrEqual(39);
    expect(third - second).toBeGreaterThanOrEqual(79);
  });

  test("a redirect is no acknowledgement and is not followed", async () => {
    const { receiver, platform } = await start(() => Response.redirect("/elsewhere", 302), {
      retryScheduleMs: [],
    });
    const said = await platform.say({ token: "token-one", clientId: 1, text: "hi" });
    expect(said.acknowledged).toBe(false);
    expect(receiver.received.map(({ path }) => path)).toEqual(["/one"]);
  });

  test("a webhook is given up after three more attempts", async () => {
    const { receiver, platform } = await start(() => new Response("", { status: 503 }), {
      timeScale: 1_000_000,
    });
    const said = await platform.say({ token: "token-one", clientId: 1, text: "hi" });
    expect(said).toMatchObject({ acknowledged: false, attempts: 4 });
    expect(receiver.received).toHaveLength(4);
  });

  test("a webhook that is not answered in time is sent again", async () => {
    const { platform } = await start(
      (_, number) => (number === 1 ? new Promise<Response>(() => undefined) : new Response("ok")),
      { retryScheduleMs: [1], webhookTimeoutMs: 30 },
    );
    const said = await platform.say({ token: "token-one", clientId: 1, text: "hi" });
    expect(said).toMatchObject({ acknowledged: true, attempts: 2 });
    const [first] = platform.log.since(0);
    expect(first).toMatchObject({ kind: "webhook", status: null, error: "TimeoutError" });
  });

  test("a client's next message waits for the 2xx of the former, another client's does not", async () => {
    const gate = Promise.withResolvers<Response>();
    const { receiver, platform } = await start(({ body }) =>
      body.includes("A1") ? gate.promise : new Response("ok"),
    );
    const token = "token-one";
    const first = platform.say({ token, clientId: 1, text: "A1" });
    const second = platform.say({ token, clientId: 1, text: "A2" });
    await platform.say({ token, clientId: 2, text: "B1" });
    await platform.say({ token: "token-two", clientId: 1, text: "other account" });
    expect(textsOf(receiver)).toEqual(["A1", "B1", "other account"]);
    gate.resolve(new Response("ok"));
    await Promise.all([first, second]);
    expect(textsOf(receiver).at(-1)).toBe("A2");
  });

  test("an unordered message does not wait for the former", async () => {
    const gate = Promise.withResolvers<Response>();
    const { platform } = await start(({ body }) =>
      body.includes("A1") ? gate.promise : new Response("ok"),
    );
    const first = platform.say({ token: "token-one", clientId: 1, text: "A1" });
    await platform.say({ token: "token-one", clientId: 1, text: "A2", unordered: true });
    gate.resolve(new Response("ok"));
    expect((await first).acknowledged).toBe(true);
  });

  test("duplicates are on their way at the same time, byte for byte the same", async () => {
    const allThere = Promise.withResolvers<void>();
    const { receiver, platform } = await start(async (_, number) => {
      if (number === 3) allThere.resolve();
      await allThere.promise;
      return new Response("ok");
    });
    await platform.control({
      do: "webhooks",
      disturbance: { mode: "duplicate", copies: 3 },
      next: 1,
    });
    await platform.say({ token: "token-one", clientId: 1, text: "hi" });
    await platform.idle();
    expect(receiver.received).toHaveLength(3);
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
    await platform.say({ token: "token-one", clientId: 1, text: "again" });
    expect(receiver.received).toHaveLength(4);
  });

  test("a late copy arrives after the client has gone on", async () => {
    const { receiver, platform } = await start();
    const disturbance = { mode: "duplicate", copies: 2, spreadMs: 400 };
    await platform.control({ do: "webhooks", disturbance, next: 1 });
    await platform.say({ token: "token-one", clientId: 1, text: "A1" });
    await platform.say({ token: "token-one", clientId: 1, text: "A2" });
    await platform.idle();
    expect(textsOf(receiver)).toEqual(["A1", "A2", "A1"]);
  });

  test("delays shuffle different clients and leave each client's own order", async () => {
    const { receiver, platform } = await start(undefined, { seed: 3 });
    await platform.control({ do: "webhooks", disturbance: { mode: "delay", maxMs: 40 } });
    const clients = Array.from({ length: 8 }, (_, index) => index);
    await Promise.all(
      clients.flatMap((clientId) =>
        [1, 2].map((turn) =>
          platform.say({ token: "token-one", clientId, text: `${clientId}:${turn}` }),
        ),
      ),
    );
    const texts = textsOf(receiver);
    const firsts = texts.filter((text) => text.endsWith(":1"));
    expect(firsts).not.toEqual(firsts.toSorted());
    for (const clientId of clients) {
      expect(texts.indexOf(`${clientId}:1`)).toBeLessThan(texts.indexOf(`${clientId}:2`));
    }
  });

  test("accounts count their messages alike and keep equal clients apart", async () => {
    const { receiver, platform } = await start();
    await platform.say({ token: "token-one", clientId: 5, text: "a" });
    await platform.say({ token: "token-two", clientId: 5, text: "b" });
    const [one, two] = receiver.received.map(({ body }) => JSON.parse(body));
    expect(one.message_id).toBe(two.message_id);
    expect([one.is_new_client, two.is_new_client]).toEqual([true, true]);
  });

  test("an id longer than a double keeps its digits", async () => {
    const { receiver, platform } = await start();
    await platform.say({
      token: "token-one",
      clientId: "9007199254740993123",
      photo: "https://example.com/a.jpg",
    });
    expect(receiver.received[0]?.body).toContain('"client_id":9007199254740993123,');
  });

  test("operators, transfers and ends are told by their own hooks", async () => {
    const { receiver, platform } = await start();
    const to = { account: "account-1", clientId: 7 };
    await platform.control({ do: "operatorSays", operatorId: 41, text: "Hello", ...to });
    await platform.control({ do: "transfer", operatorId: 41, ...to });
    await platform.control({ do: "closeDialog", ...to });
    await platform.control({ do: "closeRequest", ...to });
    await platform.control({
      do: "hook",
      account: "account-1",
      payload: { hook_type: "new_qr_code" },
    });
    const hooks = receiver.received.map(({ body }) => JSON.parse(body));
    expect(hooks.map((hook) => hook.hook_type)).toEqual([
      "outbox",
      "dialog_transferred",
      "close_dialog",
      "close_request",
      "new_qr_code",
    ]);
    expect(hooks[0]).toMatchObject({ type: "to_client", operator_id: 41, client_id: 7 });
    expect(hooks[1]).toMatchObject({ operator_id: 41, dialog_id: hooks[0].dialog_id });
  });
});
