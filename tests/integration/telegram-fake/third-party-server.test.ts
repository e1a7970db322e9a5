import { afterAll, beforeAll, expect, test } from "bun:test";
import TelegramServer from "telegram-test-api";
import type { ReadEvent } from "../../../src/channels/channel.ts";
import { createTelegram } from "../../../src/channels/telegram/telegram.ts";
import { readWebhook } from "../../../src/channels/webhook.ts";
import { plainText } from "../../../src/message/outgoing.ts";
import { createHttpClient } from "../../../src/platform/http/client.ts";
import { eventually } from "../../support/eventually.ts";
import { freePort } from "../../support/hookdesk.ts";

/**
 * A Telegram server that we did not write drives the channel. It knows no secret header, one attempt and text alone, so only reading,
 * sending and registration are judged by it.
 */
const token = "5100042:third-party";
const channel = createTelegram({ http: createHttpClient() });
const read: ReadEvent[] = [];
let server: TelegramServer;
let account: Parameters<typeof channel.send>[1];
let door: ReturnType<typeof Bun.serve>;

beforeAll(async () => {
  const port = freePort();
  server = new TelegramServer({ port, host: "127.0.0.1" });
  await server.start();
  account = {
    apiUrl: `http://127.0.0.1:${port}`,
    credentials: { token, "webhook-secret": "unused" },
  };
  door = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const webhook = readWebhook(channel, await request.bytes(), account);
      if (webhook.ok) read.push(...webhook.events);
      return new Response("ok");
    },
  });
});
afterAll(async () => {
  await door.stop(true);
  await server.stop();
});

test("what its client writes is read, and what we answer reaches its client", async () => {
  const { registration } = channel;
  if ("unsupported" in registration) throw new Error("Telegram has webhooks");
  const address = `http://127.0.0.1:${door.port}/webhook`;
  expect((await registration.connect(account, address)).state).toBe("connected");
  const client = server.getClient(token);
  await client.sendMessage(client.makeMessage("Hello from outside"));
  const message = await eventually("the message", () =>
    read
      .flatMap((one) => ("event" in one && one.event.type === "client_message" ? one.event : []))
      .at(0),
  );
  expect(message.content).toEqual({ text: "Hello from outside", parts: [] });
  const content = { ...plainText("Hello back"), buttons: [[{ title: "Yes", data: "y" }]] };
  const { address: to } = message;
  const outcome = await channel.send({ id: "d-1", address: to, content, author: "bot" }, account);
  expect(outcome.type).toBe("sent");
  const { result } = await client.getUpdates();
  expect(result[0]?.message).toMatchObject({ text: "Hello back" });
});
