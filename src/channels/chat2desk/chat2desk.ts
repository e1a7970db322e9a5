import { type Clock, systemClock } from "../../core/clock.ts";
import type { HttpClient } from "../../platform/http/client.ts";
import { type Channel, plainAcknowledgement } from "../channel.ts";
import { capabilities, credentialFields } from "./capabilities.ts";
import { createOutcomeReader } from "./outcome.ts";
import { readHook } from "./read.ts";
import { sendMessage } from "./send.ts";
import { createVerify } from "./signature.ts";

/** Longest time one call to Chat2Desk may take, ms. */
const sendTimeoutMsDefault = 10_000;
/** Chat2Desk passes text on to messengers with limits of their own; this one is Telegram's and WhatsApp's. */
const textMax = 4_096;
const captionMax = 1_024;
/** 300 requests a minute, as users of the API report. */
const accountRate = { count: 300, windowMs: 60_000 };

export type Chat2DeskOptions = {
  readonly http: HttpClient;
  readonly sendTimeoutMs?: number;
  readonly clock?: Clock;
};

/** The adapter of Chat2Desk. One webhook is one event; sending is one call of `POST /v1/messages`. */
export function createChat2Desk(options: Chat2DeskOptions): Channel {
  const { http, sendTimeoutMs = sendTimeoutMsDefault, clock = systemClock } = options;
  const parts = { http, timeoutMs: sendTimeoutMs, outcomeOf: createOutcomeReader(clock) };
  return {
    name: "chat2desk",
    title: "Chat2Desk",
    apiUrl: "https://api.chat2desk.com",
    credentials: credentialFields,
    capabilities,
    limits: {
      account: accountRate,
      scopes: () => [],
      scopesWithinMs: 0,
      text: { max: textMax, unit: "utf16" },
      caption: { max: captionMax, unit: "utf16" },
    },
    sendTimeoutMs,
    idempotency: { unsupported: "external_id is stored and not compared" },
    verify: createVerify(),
    handshake: { unsupported: "Chat2Desk asks no question before it delivers" },
    read: readHook,
    acknowledge: () => plainAcknowledgement,
    send: (delivery, account) => sendMessage(delivery, account, parts),
    media: { locate: async (file) => ({ type: "found", url: file, headers: {}, trusted: false }) },
    registration: { unsupported: "registered by hand in Chat2Desk's settings for now" },
    backfill: { unsupported: "not read yet" },
    renewal: { unsupported: "tokens of Chat2Desk do not end by themselves" },
  };
}
