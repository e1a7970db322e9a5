import { createMessenger } from "../../../src/channels/meta/messenger/messenger.ts";
import { createHttpClient } from "../../../src/platform/http/client.ts";
import { appId, messengerAccount, pageId } from "../../support/meta-accounts.ts";
import type { ChannelHarness, Told } from "../channel-harness.ts";
import { openMeta, platformOf, strange, tellsOf } from "./meta.ts";

const clientId = "2525667430804912";
const shortMs = 400;

/** Messenger and its fake. */
export async function openMessenger(): Promise<ChannelHarness> {
  const stage = await openMeta({ product: "messenger", id: pageId, appId }, clientId);
  const { platform, say, fate, next } = stage;
  const account = { ...messengerAccount, apiUrl: platform.url };
  return {
    ...platformOf(stage),
    channel: createMessenger({ http: createHttpClient(), sendTimeoutMs: shortMs }),
    account,
    stranger: { ...account, credentials: { ...account.credentials, ...strange } },
    tells: {
      ...tellsOf(stage, clientId),
      sticker: ({ file }: Told) => say({ sticker: file.url }),
      location: () => say({ location: { latitude: 43.25, longitude: 76.5 } }),
      receipt_delivered: ({ ours }: Told) => fate(ours, "delivered"),
    },
    ends: {
      sent: async () => undefined,
      throttled: () => next("graph", { code: 613 }),
      rejected: () => next("graph", { code: 10, subcode: 2018278 }),
      failed: () => next("graph", { code: 2, status: 500 }),
      unknown: () => next("cut-after-reading"),
    },
    drift: () =>
      platform.control({ do: "settings", callback: null, webhookUrl: "http://127.0.0.1:9/gone" }),
  };
}
