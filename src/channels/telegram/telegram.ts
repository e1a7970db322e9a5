import { type Clock, systemClock } from "../../core/clock.ts";
import type { HttpClient } from "../../platform/http/client.ts";
import type { Channel } from "../channel.ts";
import { acknowledge } from "./acknowledge.ts";
import { createApi } from "./api.ts";
import { capabilities, credentialFields } from "./capabilities.ts";
import { limits } from "./limits.ts";
import { createMedia } from "./media.ts";
import { readUpdate } from "./read.ts";
import { createRegistration } from "./registration.ts";
import { sendMessage } from "./send.ts";
import { verify } from "./verify.ts";

/** Longest time one call to Telegram may take, ms: it fetches files by their addresses before it answers. */
const sendTimeoutMsDefault = 10_000;

export type TelegramOptions = {
  readonly http: HttpClient;
  readonly sendTimeoutMs?: number;
  readonly clock?: Clock;
};

/**
 * The adapter of Telegram's Bot API 10.1. One webhook is one update; Telegram holds back a chat's next one until it is acknowledged.
 */
export function createTelegram(options: TelegramOptions): Channel {
  const { http, sendTimeoutMs = sendTimeoutMsDefault, clock = systemClock } = options;
  const api = createApi(http, sendTimeoutMs);
  return {
    name: "telegram",
    title: "Telegram",
    apiUrl: "https://api.telegram.org",
    credentials: credentialFields,
    capabilities,
    limits,
    sendTimeoutMs,
    idempotency: { unsupported: "no method of the Bot API takes a key" },
    verify,
    handshake: { unsupported: "Telegram asks no question before it delivers" },
    read: readUpdate,
    acknowledge,
    send: (delivery, account) => sendMessage(delivery, account, api),
    media: createMedia(api),
    registration: createRegistration(api, clock),
    backfill: {
      unsupported:
        "Telegram keeps what it could not deliver for 24 hours and delivers it by itself; it cannot be asked for what is older",
    },
    renewal: { unsupported: "a bot's token does not end by itself" },
  };
}
