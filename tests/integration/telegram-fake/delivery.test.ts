import { afterEach, describe, expect, test } from "bun:test";
import {
  type FakeTelegram,
  startFakeTelegram,
} from "../../../src/channels/telegram/fake/platform.ts";
import { eventually } from "../../support/eventually.ts";

/** How the fake delivers updates: in one line per chat, again until they are acknowledged. */
const token = "1:a";
const opened: { stop: () => unknown }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.stop();
});

type Heard = { readonly text: string; readonly secret: string | null; readonly at: number };

/** A platform whose webhook is answered as the test says; it hears the texts of what was posted. */
async function start(
  answer: (heard: Heard, number: number) => Response | Promise<Response>,
  options: { readonly timeScale?: number; readonly maxConnections?: number } = {},
): Promise<{ platform: FakeTelegram; heard: readonly Heard[] }> {
  const heard: Heard[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const body: { message?: { text: string }; callback_query?: { data: string } } = JSON.parse(
        await request.text(),
      );
      const text = body.message?.text ?? body.callback_query?.data ?? "";
      const secret = request.headers.get("x-telegram-bot-api-secret-token");
      const one = { text, secret, at: performance.now() };
      heard.push(one);
      return answer(one, heard.length);
    },
  });
  const timeScale = options.timeScale ?? 1_000;
  const platform = await startFakeTelegram({ bots: [{ token }], timeScale });
  opened.push({ stop: platform.stop }, { stop: () => server.stop(true) });
  const set = { url: `http://127.0.0.1:${server.port}/`, secret_token: "s" };
  await call(platform, "setWebhook", { ...set, max_connections: options.maxConnections ?? 40 });
  return { platform, heard };
}

async function call(platform: FakeTelegram, method: string, parameters: object) {
  const answer = await fetch(`${platform.url}/bot${token}/${method}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(parameters),
  });
  const body: { ok: boolean; error_code?: number; parameters?: object; result?: object } =
    JSON.parse(await answer.text());
  return body;
}

const say = (platform: FakeTelegram, chatId: number, text: string) =>
  platform.control({ do: "say", chatId, text });

describe("an update", () => {
  test("is posted with the secret, and again until it is acknowledged", async () => {
    const { platform, heard } = await start(
      (_, number) => new Response("", { status: number < 4 ? 500 : 204 }),
    );
    expect(await say(platform, 7, "Hi")).toMatchObject({
      acknowledged: true,
      attempts: 4,
      messageId: 41,
    });
    expect(heard.map(({ text, secret }) => `${text} ${secret}`)).toEqual(Array(4).fill("Hi s"));
    const info = await call(platform, "getWebhookInfo", {});
    expect(info.result).toMatchObject({ last_error_message: expect.stringContaining("500") });
  });

  test("holds back the next of its chat until then, and no other chat's", async () => {
    const release = Promise.withResolvers<void>();
    const { platform, heard } = await start(async ({ text }) => {
      if (text === "first") await release.promise;
      return new Response("");
    });
    const both = [say(platform, 7, "first"), say(platform, 7, "second")];
    await say(platform, 8, "other");
    expect(heard.map(({ text }) => text)).toEqual(["first", "other"]);
    release.resolve();
    await Promise.all(both);
    expect(heard.map(({ text }) => text)).toEqual(["first", "other", "second"]);
    const held = platform.log
      .since(0)
      .filter((entry) => entry.kind === "webhook")
      .at(-1);
    expect(held?.heldMs).toBeGreaterThan(0);
  });

  test("waits as long as Retry-After says, instead of its own back-off", async () => {
    const headers = { "retry-after": "60" };
    const { platform, heard } = await start(
      (_, number) => new Response("", number === 1 ? { status: 503, headers } : {}),
    );
    await say(platform, 7, "Hi");
    expect((heard[1]?.at ?? 0) - (heard[0]?.at ?? 0)).toBeGreaterThanOrEqual(59);
  });

  test("that expired is given up, and its chat goes on", async () => {
    const { platform } = await start(
      ({ text }) => new Response("", { status: text === "press" ? 500 : 200 }),
      { timeScale: 5_000 },
    );
    const press = await platform.control({ do: "press", chatId: 7, data: "press" });
    expect(press).toMatchObject({ acknowledged: false });
    expect(await say(platform, 7, "next")).toMatchObject({ acknowledged: true });
  });

  test("takes one of the connections that the webhook allows", async () => {
    const together = Promise.withResolvers<void>();
    let open = 0;
    let most = 0;
    const { platform } = await start(
      async () => {
        open += 1;
        most = Math.max(most, open);
        if (open === 2) together.resolve();
        await together.promise;
        await new Promise((resolve) => setImmediate(resolve));
        open -= 1;
        return new Response("");
      },
      { maxConnections: 2 },
    );
    await Promise.all(Array.from({ length: 12 }, (_, n) => say(platform, 100 + n, "Hi")));
    expect(most).toBe(2);
  });

  test("of a kind that nobody asked for is not posted", async () => {
    const { platform, heard } = await start(() => new Response(""));
    await platform.control({ do: "react", chatId: 7, messageId: 41, emoji: ["👍"] });
    expect(heard).toEqual([]);
  });

  test("may be answered with a method, which is carried out", async () => {
    const method = { method: "sendMessage", chat_id: 7, text: "By the way" };
    const { platform } = await start(() => Response.json(method));
    await say(platform, 7, "Hi");
    await platform.waitFor((entry) => entry.kind === "send" && entry.text === "By the way", 2_000);
    expect(platform.stats()[0]?.accepted).toBe(1);
  });

  test("is duplicated as it is told, and late copies hold nobody back", async () => {
    const { platform, heard } = await start(() => new Response(""));
    const disturbance = { mode: "duplicate", copies: 3, spreadMs: 5 };
    await platform.control({ do: "webhooks", disturbance, next: 1 });
    await say(platform, 7, "one");
    await eventually("three copies", () => heard.length === 3);
    await say(platform, 7, "two");
    expect(heard.map(({ text }) => text)).toEqual(["one", "one", "one", "two"]);
  });
});

describe("a send", () => {
  const send = (platform: FakeTelegram, chat_id: number) =>
    call(platform, "sendMessage", { chat_id, text: "x" });

  test("needs a place in the chat's, the group's and the bot's window at once, and a refused one takes none", async () => {
    const limits = {
      bot: { count: 4, windowMs: 60_000 },
      chat: { count: 2, windowMs: 30_000 },
      group: { count: 1, windowMs: 50_000 },
    };
    const platform = await startFakeTelegram({ bots: [{ token, limits }] });
    opened.push(platform);
    const codes: unknown[] = [];
    for (const chat of [7, 7, 7, -9, -9, 8, 10])
      codes.push((await send(platform, chat)).error_code ?? "ok");
    expect(codes).toEqual(["ok", "ok", 429, "ok", 429, "ok", 429]);
    const limited = platform.log
      .since(0)
      .flatMap((entry) => (entry.kind === "arrival" ? (entry.limited ?? []) : []));
    expect(limited).toEqual(["chat", "group", "bot"]);
    expect((await send(platform, -9)).parameters).toMatchObject({
      retry_after: expect.any(Number),
    });
  });

  test("to a group that moved, to a chat that blocked the bot, or to nobody, is refused as Telegram does", async () => {
    const limits = { chat: { count: 9, windowMs: 1 } };
    const platform = await startFakeTelegram({ bots: [{ token, limits, knownChatsOnly: true }] });
    opened.push(platform);
    await platform.control({ do: "migrate", chatId: -5, to: -100_777, from: 7 });
    expect(await send(platform, -5)).toMatchObject({
      error_code: 400,
      parameters: { migrate_to_chat_id: -100_777 },
    });
    await platform.control({ do: "member", chatId: 7, status: "kicked" });
    expect(await send(platform, 7)).toMatchObject({ error_code: 403 });
    expect(await send(platform, 99)).toMatchObject({ error_code: 400 });
    expect(await call(platform, "noSuchMethod", {})).toMatchObject({ error_code: 404 });
  });

  test("ends as it is told, and shows the message when it is told so", async () => {
    const limits = { chat: { count: 9, windowMs: 1 } };
    const platform = await startFakeTelegram({ bots: [{ token, limits }] });
    opened.push(platform);
    const next = (fault: object) => platform.control({ do: "sends", fault, next: 1 });
    await next({ mode: "error", status: 502, accepted: true });
    expect(await send(platform, 7)).toMatchObject({ error_code: 502 });
    expect(platform.stats()[0]?.accepted).toBe(1);
    for (const mode of ["cut-before-reading", "cut-after-reading"]) {
      await next({ mode });
      expect(
        await send(platform, 7).then(
          () => "answered",
          () => "cut",
        ),
      ).toBe("cut");
    }
    expect(platform.stats()[0]?.accepted).toBe(2);
    await expect(platform.control({ do: "sends", fault: { mode: "melt" } })).rejects.toThrow(
      "fault.mode",
    );
  });
});
