import { createWhatsApp } from "../../../src/channels/meta/whatsapp/whatsapp.ts";
import { createHttpClient } from "../../../src/platform/http/client.ts";
import { whatsAppAccount, whatsAppBusiness, whatsAppNumber } from "../../support/meta-accounts.ts";
import type { ChannelHarness, Told } from "../channel-harness.ts";
import { openMeta, platformOf, strange, tellsOf } from "./meta.ts";

const clientId = "16505551234";
const shortMs = 400;

/** WhatsApp and its fake. */
export async function openWhatsApp(): Promise<ChannelHarness> {
  const product = {
    product: "whatsapp",
    id: whatsAppNumber,
    businessId: whatsAppBusiness,
  } as const;
  const stage = await openMeta(product, clientId);
  const { platform, say, fate, next } = stage;
  const account = { ...whatsAppAccount, apiUrl: platform.url };
  return {
    ...platformOf(stage),
    channel: createWhatsApp({ http: createHttpClient(), sendTimeoutMs: shortMs }),
    account,
    stranger: { ...account, credentials: { ...account.credentials, ...strange } },
    tells: {
      ...tellsOf(stage, clientId),
      voice: ({ file }: Told) => say({ voice: file.url }),
      sticker: ({ file }: Told) => say({ sticker: file.url }),
      location: () => say({ location: { latitude: 43.25, longitude: 76.5 } }),
      contact: () => say({ contact: { name: "Ann Example", phone: "+12025550123" } }),
      receipt_sent: ({ ours }: Told) => fate(ours, "sent"),
      receipt_delivered: ({ ours }: Told) => fate(ours, "delivered"),
      receipt_failed: ({ ours }: Told) => fate(ours, "failed", { code: 131047 }),
      group: () => say({ text: "Hello all", group: "120363043312345678" }),
    },
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
  };
}
