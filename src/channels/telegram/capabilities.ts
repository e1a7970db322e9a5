import type { CredentialField } from "../account.ts";
import type { Capabilities, Unsupported } from "../capability.ts";

const noReceipts: Unsupported = {
  unsupported: "Telegram tells a bot neither what was delivered nor what was read",
};

/** What updates and the methods of the Bot API can say. */
export const capabilities: Capabilities = {
  incoming: {
    text: "supported",
    image: "supported",
    video: "supported",
    audio: "supported",
    voice: "supported",
    file: "supported",
    sticker: "supported",
    location: "supported",
    contact: "supported",
    press: "supported",
    reply: "supported",
    reaction: "supported",
    edit: "supported",
    deletion: "supported",
    receipt_sent: noReceipts,
    receipt_delivered: noReceipts,
    receipt_read: noReceipts,
    receipt_failed: { unsupported: "the answer to a send tells at once that it failed" },
    echo: "supported",
    reachability: "supported",
    group: "supported",
    unsupported: "supported",
  },
  outgoing: {
    text: "supported",
    image: "supported",
    video: "supported",
    audio: "supported",
    voice: "supported",
    file: "supported",
    sticker: "supported",
    location: "supported",
    contact: "supported",
    template: { unsupported: "Telegram has no templates, and needs none: there is no window" },
    html: "supported",
    buttons: "supported",
    reply: "supported",
  },
  replyWindowMs: { unsupported: "a bot may write until it is blocked" },
};

/** What a bot must tell. */
export const credentialFields: readonly CredentialField[] = [
  {
    name: "token",
    what: "the bot's token, as @BotFather gives it: 123456:ABC…",
    secret: true,
    pattern: /^\d{1,20}:[\w-]{1,100}$/,
    absent: "fault",
  },
  {
    name: "webhook-secret",
    what: "what Telegram shows us with every update: 1 to 256 of A-Z a-z 0-9 _ -",
    secret: true,
    pattern: /^[\w-]{1,256}$/,
    absent: "generated",
  },
];
