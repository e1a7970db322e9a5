import type { Account } from "../../src/channels/account.ts";
import type { Channel, ReadEvent } from "../../src/channels/channel.ts";
import { readWebhook } from "../../src/channels/webhook.ts";

export const metaSecrets = {
  token: "canary-meta-token",
  "app-secret": "canary-meta-secret",
  "verify-token": "canary-meta-word",
} as const;

export const whatsAppNumber = "106540352242922";
export const whatsAppBusiness = "102290129340398";

export const whatsAppAccount: Account = {
  apiUrl: "http://127.0.0.1:9",
  credentials: {
    ...metaSecrets,
    "phone-number-id": whatsAppNumber,
    "waba-id": whatsAppBusiness,
  },
};

export const pageId = "1906385232743451";
export const appId = "1517776481860111";

export const messengerAccount: Account = {
  apiUrl: "http://127.0.0.1:9",
  credentials: { ...metaSecrets, "page-id": pageId, "app-id": appId, "human-agent": "no" },
};

export const instagramId = "17841405793187218";

export const instagramAccount: Account = {
  apiUrl: "http://127.0.0.1:9",
  credentials: {
    ...metaSecrets,
    "account-id": instagramId,
    "token-ends": "0",
    "human-agent": "no",
  },
};

/** Reads a webhook as the journal's raw bytes would be read. */
export function readBody(channel: Channel, account: Account, body: unknown): readonly ReadEvent[] {
  const read = readWebhook(channel, new TextEncoder().encode(JSON.stringify(body)), account);
  if (!read.ok) throw new Error(`the body cannot be read: ${read.reason}`);
  return read.events;
}
