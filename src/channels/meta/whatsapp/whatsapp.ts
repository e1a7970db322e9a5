import { type Channel, plainAcknowledgement, type ScopeLimit } from "../../channel.ts";
import type { MetaChannelOptions } from "../options.ts";
import { createVerify, shakeHands } from "../signature.ts";
import { pairKey } from "./address.ts";
import { capabilities, credentialFields } from "./capabilities.ts";
import { locate } from "./media.ts";
import { readWhatsApp } from "./read.ts";
import { createRegistration } from "./registration.ts";
import { pairPaceMs, sendMessage } from "./send.ts";

/** Longest time one call to the Graph API may take, ms. */
const sendTimeoutMsDefault = 10_000;
const textMax = 4_096;
const captionMax = 1_024;
/** A number sends 80 messages a second, more when Meta has raised it; an origin's row may say so. */
const accountRate = { count: 80, windowMs: 1_000 };
/** One message in 6 s to one customer; up to 45 at once are borrowed from the time to come. */
const pairBurst = 45;
const pairWindowMs = pairBurst * pairPaceMs;

/** The adapter of the WhatsApp Cloud API; an origin is one number. */
export function createWhatsApp(options: MetaChannelOptions): Channel {
  const { http, sendTimeoutMs = sendTimeoutMsDefault } = options;
  const graph = { http, timeoutMs: sendTimeoutMs };
  return {
    name: "whatsapp",
    title: "WhatsApp",
    apiUrl: "https://graph.facebook.com",
    credentials: credentialFields,
    capabilities,
    limits: {
      account: accountRate,
      scopes: (identity) => [pairLimit(identity)],
      scopesWithinMs: pairWindowMs,
      text: { max: textMax, unit: "utf16" },
      caption: { max: captionMax, unit: "utf16" },
    },
    sendTimeoutMs,
    idempotency: {
      unsupported: "biz_opaque_callback_data comes back in statuses, nobody compares it",
    },
    verify: createVerify(),
    handshake: shakeHands,
    read: readWhatsApp,
    acknowledge: () => plainAcknowledgement,
    send: (delivery, account) => sendMessage(delivery, account, graph),
    media: { locate: (file, account) => locate(file, account, graph) },
    registration: createRegistration(graph),
    backfill: {
      unsupported:
        "Meta delivers again for seven days, and lists no messages that one could ask for",
    },
    renewal: { unsupported: "the token of a system user does not end by itself" },
  };
}

function pairLimit(identity: string): ScopeLimit {
  return { key: pairKey(identity), count: pairBurst, windowMs: pairWindowMs };
}
