import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Bot, GrammyError, webhookCallback } from "grammy";
import { Telegraf } from "telegraf";
import type { FakeTelegram } from "../../../src/channels/telegram/fake/platform.ts";
import { startFakeTelegram } from "../../../src/channels/telegram/fake/platform.ts";
import { eventually } from "../../support/eventually.ts";

/** Other people's clients speak to the fake platform as they would to Telegram: what they understand, it says rightly. */
const [polling, hooked, telegraf] = ["5100042:polling", "5100043:hooked", "5100044:telegraf"];
let platform: FakeTelegram;

beforeAll(async () => {
  platform = await startFakeTelegram({
    bots: [polling, hooked, telegraf].map((token) => ({ token })),
    timeScale: 100,
  });
});
afterAll(() => platform.stop());

describe("grammY", () => {
  test("polls, answers, and is told of a limit and of a chat that blocked it", async () => {
    const bot = new Bot(polling, { client: { apiRoot: platform.url } });
    const heard: string[] = [];
    bot.on("message:text", async (context) => {
      heard.push(context.message.text);
      await context.reply(`<b>You said</b> ${context.message.text}`, { parse_mode: "HTML" });
    });
    const running = bot.start();
    await platform.control({ do: "say", bot: polling, chatId: 7, text: "Hello" });
    const sent = await platform.waitFor((entry) => entry.kind === "send", 5_000);
    expect(heard).toEqual(["Hello"]);
    expect(sent).toMatchObject({ chatId: 7, text: "You said Hello" });
    const second = bot.api.sendMessage(7, "at once");
    const refused: unknown = await second.catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(GrammyError);
    if (!(refused instanceof GrammyError)) throw new Error("not refused by Telegram");
    expect([refused.error_code, refused.parameters.retry_after]).toEqual([429, 1]);
    await platform.control({ do: "member", bot: polling, chatId: 8, status: "kicked" });
    const blocked: unknown = await bot.api.sendMessage(8, "x").catch((error: unknown) => error);
    expect(String(blocked)).toContain("bot was blocked by the user");
    await bot.stop();
    await running;
  });

  test("receives what it asked for by webhook, in order and with the secret", async () => {
    const bot = new Bot(hooked, { client: { apiRoot: platform.url } });
    const heard: string[] = [];
    bot.on("message", (context) => void heard.push(context.message.text ?? ""));
    bot.on("edited_message", (context) => void heard.push(`edited ${context.editedMessage.text}`));
    bot.on("message_reaction", (context) => void heard.push(context.reactions().emojiAdded.join()));
    bot.on("callback_query:data", async (context) => {
      heard.push(context.callbackQuery.data);
      await context.answerCallbackQuery();
    });
    const secretToken = "a-secret";
    const handle = webhookCallback(bot, "std/http", { secretToken });
    const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: handle });
    await bot.api.setWebhook(`http://127.0.0.1:${server.port}/`, {
      secret_token: secretToken,
      allowed_updates: ["message", "edited_message", "message_reaction", "callback_query"],
    });
    const at = { bot: hooked, chatId: 9 };
    await platform.control({ ...at, do: "say", text: "one" });
    await platform.control({ ...at, do: "edit", messageId: 41, text: "two" });
    await platform.control({ ...at, do: "react", messageId: 41, emoji: ["👍"] });
    await platform.control({ ...at, do: "press", data: "go" });
    expect(heard).toEqual(["one", "edited two", "👍", "go"]);
    await eventually("the press is answered", () =>
      platform.log.since(0).some((entry) => entry.kind === "press_answered"),
    );
    const info = await bot.api.getWebhookInfo();
    expect(info).toMatchObject({ pending_update_count: 0, max_connections: 40 });
    await bot.api.deleteWebhook();
    await server.stop(true);
  });
});

describe("telegraf", () => {
  test("knows itself, downloads a file by its link, and sends what has a place and buttons", async () => {
    const bot = new Telegraf(telegraf, { telegram: { apiRoot: platform.url } });
    expect(await bot.telegram.getMe()).toMatchObject({ id: 5_100_044, is_bot: true });
    const bytes = Buffer.from("a photo");
    const file = { field: "photo", base64: bytes.toString("base64") };
    await platform.control({ do: "say", bot: telegraf, chatId: 10, file });
    const updates = await bot.telegram.getUpdates(0, 10, 0, ["message"]);
    const message = updates.map((update) => ("message" in update ? update.message : null)).at(-1);
    if (message === null || message === undefined || !("photo" in message))
      throw new Error("no photo");
    const link = await bot.telegram.getFileLink(message.photo.at(-1)?.file_id ?? "");
    expect(Buffer.from(await (await fetch(link)).arrayBuffer())).toEqual(bytes);
    await bot.telegram.sendVenue(10, 1.5, 2.5, "Place", "Street 1");
    const inline_keyboard = [[{ text: "Yes", callback_data: "y" }]];
    await bot.telegram.sendMessage(11, "Choose", { reply_markup: { inline_keyboard } });
    const sends = platform.log
      .since(0)
      .filter((entry) => entry.kind === "send")
      .slice(-2);
    expect(sends).toMatchObject([{ what: "1.5,2.5" }, { text: "Choose", buttons: ["Yes"] }]);
  });

  test("is refused what Telegram refuses", async () => {
    const { telegram } = new Telegraf(telegraf, { telegram: { apiRoot: platform.url } });
    const said = (work: Promise<unknown>) =>
      work.then(
        () => "sent",
        (error: unknown) => String(error),
      );
    expect(await said(telegram.sendMessage(12, "x".repeat(4_097)))).toContain("too long");
    expect(await said(telegram.sendMessage(13, "<b>x", { parse_mode: "HTML" }))).toContain(
      "entities",
    );
    expect(await said(telegram.sendMessage(14, " "))).toContain("is empty");
    const stranger = new Telegraf("1:other", { telegram: { apiRoot: platform.url } });
    expect(await said(stranger.telegram.getMe())).toContain("401");
  });
});
