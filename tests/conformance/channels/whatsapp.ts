import type { SendEntry } from "../../../src/channels/meta/fake/platform-log.ts";
import { startFakeMeta } from "../../../src/channels/meta/fake/platform.ts";
import { createWhatsApp } from "../../../src/channels/meta/whatsapp/whatsapp.ts";
import { outgoingKinds } from "../../../src/channels/capability.ts";
import { createHttpClient } from "../../../src/platform/http/client.ts";
import type { ChannelHarness, Taken, Told } from "../channel-harness.ts";

const token = "canary-whatsapp-token";
const appSecret = "canary-whatsapp-secret";
const verifyToken = "canary-verify-token";
const number = "106540352242922";
const clientId = "16505551234";
const shortMs = 400;

/** WhatsApp and its fake. */
export async function openWhatsApp(): Promise<ChannelHarness> {
  const platform = await startFakeMeta({
    timeScale: 100,
    accounts: [
      {
        product: "whatsapp",
        id: number,
        businessId: "102290129340398",
        token,
        appSecret,
        webhookUrl: "http://127.0.0.1:9/nobody",
      },
    ],
  });
  const credentials = {
    token,
    "app-secret": appSecret,
    "verify-token": verifyToken,
    "phone-number-id": number,
    "waba-id": "102290129340398",
  };
  const account = { apiUrl: platform.url, credentials };
  const strange = { token: "another", "app-secret": "another", "verify-token": "another" };
  const say = (speech: object) => platform.say({ clientId, ...speech });
  const fate = (messageId: string, status: string, more: object = {}) =>
    platform.control({ do: "fate", clientId, messageId, status, ...more });
  const next = (mode: string, more: object = {}) =>
    platform.control({ do: "sends", fault: { mode, ...more }, next: 1 });
  return {
    channel: createWhatsApp({ http: createHttpClient(), sendTimeoutMs: shortMs }),
    account,
    stranger: { ...account, credentials: { ...credentials, ...strange } },
    deliverTo: async (webhookUrl) => void (await platform.control({ do: "settings", webhookUrl })),
    tells: {
      text: () => say({ text: "Hello" }),
      image: ({ file }: Told) => say({ photo: file.url, text: "Look" }),
      video: ({ file }: Told) => say({ video: file.url }),
      audio: ({ file }: Told) => say({ audio: file.url }),
      voice: ({ file }: Told) => say({ voice: file.url }),
      file: ({ file }: Told) => say({ file: file.url }),
      sticker: ({ file }: Told) => say({ sticker: file.url }),
      location: () => say({ location: { latitude: 43.25, longitude: 76.5 } }),
      contact: () => say({ contact: { name: "Ann Example", phone: "+12025550123" } }),
      press: ({ ours }: Told) => say({ press: { title: "Yes", data: "y:1", of: ours } }),
      reply: ({ ours }: Told) => say({ text: "This one", replyTo: ours }),
      reaction: ({ ours }: Told) => say({ reaction: { of: ours, emoji: "👍" } }),
      edit: () => say({ edit: { of: "wamid.earlier", text: "Hello again" } }),
      deletion: () => say({ revoke: "wamid.earlier" }),
      receipt_sent: ({ ours }: Told) => fate(ours, "sent"),
      receipt_delivered: ({ ours }: Told) => fate(ours, "delivered"),
      receipt_read: ({ ours }: Told) => fate(ours, "read"),
      receipt_failed: ({ ours }: Told) => fate(ours, "failed", { code: 131047 }),
      echo: () => platform.control({ do: "say", by: "business", clientId, text: "From my phone" }),
      group: () => say({ text: "Hello all", group: "120363043312345678" }),
      unsupported: () => say({ unsupported: true }),
    },
    taken: () =>
      platform.log.since(0).flatMap((entry) => (entry.kind === "send" ? [takenOf(entry)] : [])),
    ends: {
      sent: async () => undefined,
      throttled: () => next("graph", { code: 130429, status: 429 }),
      rejected: () => next("graph", { code: 131047 }),
      failed: () => next("graph", { code: 131016, status: 500 }),
      quota: () => next("graph", { code: 131042 }),
      unknown: () => next("cut-after-reading"),
    },
    drift: () =>
      platform.control({ do: "settings", callback: null, webhookUrl: "http://127.0.0.1:9/gone" }),
    question: {
      query: new URLSearchParams({
        "hub.mode": "subscribe",
        "hub.challenge": "1158201444",
        "hub.verify_token": verifyToken,
      }),
      answer: "1158201444",
    },
    close: platform.stop,
  };
}

/** Voice notes go out as audio: the platform's word for both. */
function takenOf(entry: SendEntry): Taken {
  const { messageId, says, text, what, buttons, replyTo } = entry;
  const kind = says === "audio" ? "any file" : outgoingKinds.find((known) => known === says);
  return { messageId, kind: kind ?? "any file", text, what, buttons, replyTo };
}
