import type { SendEntry } from "../../../src/channels/telegram/fake/log.ts";
import { startFakeTelegram } from "../../../src/channels/telegram/fake/platform.ts";
import { createTelegram } from "../../../src/channels/telegram/telegram.ts";
import { createHttpClient } from "../../../src/platform/http/client.ts";
import type { OutgoingKind } from "../../../src/message/outgoing.ts";
import type { ChannelHarness, Taken, Told } from "../channel-harness.ts";

const token = "5100042:canary-telegram-token";
const secret = "canary-webhook-secret";
const client = 17;
const group = -100_500;
const shortMs = 400;
const many = { count: 10_000, windowMs: 1_000 };

/** Telegram and its fake. */
export async function openTelegram(): Promise<ChannelHarness> {
  const limits = { bot: many, chat: many, group: many };
  const platform = await startFakeTelegram({ bots: [{ token, limits }], timeScale: 100 });
  const account = {
    apiUrl: platform.url,
    credentials: { token, "webhook-secret": secret },
  };
  const strange = { token: "5100042:another", "webhook-secret": "another" };
  const channel = createTelegram({ http: createHttpClient(), sendTimeoutMs: shortMs });
  const say = (more: object) => platform.control({ do: "say", chatId: client, ...more });
  const next = (mode: string, more: object = {}) =>
    platform.control({ do: "sends", fault: { mode, ...more }, next: 1 });
  const sendFile =
    (field: string) =>
    ({ file }: Told) =>
      say({ file: { field, name: "a.png", base64: Buffer.from(file.bytes).toString("base64") } });
  const business = (more: object) =>
    say({ as: "business_message", fields: { business_connection_id: "bc1", ...more } });
  let lastId = 41;
  const numbered = async (more: object) => {
    lastId = (await say(more))?.messageId ?? lastId;
  };
  return {
    channel,
    account,
    stranger: { ...account, credentials: strange },
    deliverTo: async (url) => {
      await platform.control({ do: "webhook", url, secret });
      if ("unsupported" in channel.registration) return;
      // Kinds that Telegram leaves out by itself come only to who asks for them.
      await channel.registration.connect(account, url);
    },
    tells: {
      text: () => numbered({ text: "Hello" }),
      image: sendFile("photo"),
      video: sendFile("video"),
      audio: sendFile("audio"),
      voice: sendFile("voice"),
      file: sendFile("document"),
      sticker: sendFile("sticker"),
      location: () => say({ fields: { location: { latitude: 43.25, longitude: 76.5 } } }),
      contact: () => say({ fields: { contact: { phone_number: "+1202", first_name: "Ann" } } }),
      press: () =>
        platform.control({
          do: "press",
          chatId: client,
          data: "yes:1",
          title: "Yes",
          messageId: 50,
        }),
      reply: () => say({ text: "That one", fields: { reply_to_message: { message_id: 41 } } }),
      reaction: () =>
        platform.control({ do: "react", chatId: client, messageId: lastId, emoji: ["👍"] }),
      edit: () =>
        platform.control({ do: "edit", chatId: client, messageId: lastId, text: "Fixed" }),
      deletion: () =>
        platform.control({
          do: "update",
          kind: "deleted_business_messages",
          value: {
            business_connection_id: "bc1",
            chat: { id: client, type: "private" },
            message_ids: [41, 42],
          },
        }),
      echo: () => business({ from: { id: 99, is_bot: false, first_name: "Owner" }, text: "Hi" }),
      reachability: () => platform.control({ do: "member", chatId: client, status: "member" }),
      group: () => say({ chatId: group, from: client, text: "Hello all" }),
      unsupported: () => say({ fields: { dice: { emoji: "🎲", value: 3 } } }),
    },
    taken: () =>
      platform.log.since(0).flatMap((entry) => (entry.kind === "send" ? [takenOf(entry)] : [])),
    ends: {
      sent: async () => undefined,
      throttled: () => next("throttle", { retryAfterS: 2 }),
      rejected: () => next("blocked"),
      failed: () => next("error"),
      unauthorized: () => next("unauthorized"),
      unknown: () => next("cut-after-reading"),
    },
    drift: () => platform.control({ do: "webhook", url: "http://127.0.0.1:9/elsewhere" }),
    close: platform.stop,
  };
}

const kinds: Readonly<Record<string, OutgoingKind>> = {
  sendMessage: "text",
  sendPhoto: "image",
  sendVideo: "video",
  sendAudio: "audio",
  sendVoice: "voice",
  sendDocument: "file",
  sendSticker: "sticker",
  sendLocation: "location",
  sendContact: "contact",
};

function takenOf({ method, chatId, messageId, text, what, buttons, replyTo }: SendEntry): Taken {
  return {
    messageId: `${chatId}:${messageId}`,
    kind: kinds[method] ?? "text",
    text,
    what,
    buttons,
    replyTo: replyTo === null ? null : `${chatId}:${replyTo}`,
  };
}
