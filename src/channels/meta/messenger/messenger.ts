import { type Channel, plainAcknowledgement } from "../../channel.ts";
import { noBackfill } from "../messaging/account.ts";
import { createReader } from "../messaging/read.ts";
import { sendMessage } from "../messaging/send.ts";
import type { MetaChannelOptions } from "../options.ts";
import { createVerify, shakeHands } from "../signature.ts";
import { capabilities, credentialFields } from "./capabilities.ts";
import { createRegistration } from "./registration.ts";

/** Longest time one call to the Graph API may take, ms. */
const sendTimeoutMsDefault = 10_000;
const textMax = 2_000;
/** Calls of a page for words and links; ten a second for audio and video, which a refusal tells. */
const accountRate = { count: 300, windowMs: 1_000 };
const idField = "page-id";

/** The adapter of Messenger; an origin is one page. */
export function createMessenger(options: MetaChannelOptions): Channel {
  const { http, sendTimeoutMs = sendTimeoutMsDefault } = options;
  const graph = { http, timeoutMs: sendTimeoutMs };
  const fits = (text: string) => text.length <= textMax;
  const outbox = { graph, idField, carriesWord: true, fits };
  return {
    name: "messenger",
    title: "Messenger",
    apiUrl: "https://graph.facebook.com",
    credentials: credentialFields,
    capabilities,
    limits: {
      account: accountRate,
      scopes: () => [],
      scopesWithinMs: 0,
      text: { max: textMax, unit: "utf16" },
      caption: { max: 0, unit: "utf16" },
    },
    sendTimeoutMs,
    idempotency: { unsupported: "metadata comes back in echoes, nobody compares it" },
    verify: createVerify(),
    handshake: shakeHands,
    read: createReader({ object: "page", idField }),
    acknowledge: () => plainAcknowledgement,
    send: (delivery, account) => sendMessage(delivery, account, outbox),
    // Files lie on a network for the public, under addresses that hold their own permission and end after some days.
    media: { locate: async (file) => ({ type: "found", url: file, headers: {}, trusted: false }) },
    registration: createRegistration(graph),
    backfill: noBackfill,
    renewal: { unsupported: "a page token made from a long-lived one does not end by itself" },
  };
}
