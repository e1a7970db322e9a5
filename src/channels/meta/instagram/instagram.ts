import { type Channel, plainAcknowledgement } from "../../channel.ts";
import { noBackfill } from "../messaging/account.ts";
import { createReader } from "../messaging/read.ts";
import { sendMessage } from "../messaging/send.ts";
import type { MetaChannelOptions } from "../options.ts";
import { createVerify, shakeHands } from "../signature.ts";
import { capabilities, credentialFields } from "./capabilities.ts";
import { createRegistration } from "./registration.ts";
import { createRenewal } from "./renewal.ts";

/** Longest time one call to the Graph API may take, ms. */
const sendTimeoutMsDefault = 10_000;
const textBytesMax = 1_000;
/** Calls of an account for words and links; ten a second for audio and video, which a refusal tells. */
const accountRate = { count: 300, windowMs: 1_000 };
const idField = "account-id";

/** The adapter of Instagram's messages; an origin is one professional account. */
export function createInstagram(options: MetaChannelOptions): Channel {
  const { http, sendTimeoutMs = sendTimeoutMsDefault } = options;
  const graph = { http, timeoutMs: sendTimeoutMs };
  const fits = (text: string) => Buffer.byteLength(text) <= textBytesMax;
  const outbox = { graph, idField, carriesWord: false, fits };
  return {
    name: "instagram",
    title: "Instagram",
    apiUrl: "https://graph.instagram.com",
    credentials: credentialFields,
    capabilities,
    limits: {
      account: accountRate,
      scopes: () => [],
      scopesWithinMs: 0,
      text: { max: textBytesMax, unit: "bytes" },
      caption: { max: 0, unit: "bytes" },
    },
    sendTimeoutMs,
    idempotency: { unsupported: "the Send API compares no word of ours" },
    verify: createVerify(),
    handshake: shakeHands,
    read: createReader({ object: "instagram", idField }),
    acknowledge: () => plainAcknowledgement,
    send: (delivery, account) => sendMessage(delivery, account, outbox),
    // Files lie on a network for the public, under addresses that hold their own permission and end after some days.
    media: { locate: async (file) => ({ type: "found", url: file, headers: {}, trusted: false }) },
    registration: createRegistration(graph),
    backfill: noBackfill,
    renewal: createRenewal(graph),
  };
}
