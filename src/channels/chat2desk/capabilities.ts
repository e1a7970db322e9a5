import type { CredentialField } from "../account.ts";
import type { Capabilities, Unsupported } from "../capability.ts";

const notToldOf = (what: string): Unsupported => ({
  unsupported: `no hook of Chat2Desk tells of ${what}; it comes as text or as a file, or not at all`,
});
const noReceipts: Unsupported = {
  unsupported: "Chat2Desk tells only of messages that the messenger refused (outbox_status)",
};

/** What Chat2Desk's hooks and `POST /v1/messages` can say. */
export const capabilities: Capabilities = {
  incoming: {
    text: "supported",
    image: "supported",
    video: "supported",
    audio: "supported",
    voice: notToldOf("voice notes"),
    file: "supported",
    sticker: notToldOf("stickers"),
    location: "supported",
    contact: notToldOf("contact cards"),
    press: notToldOf("pressed buttons"),
    reply: notToldOf("what a message answers"),
    reaction: notToldOf("reactions"),
    edit: notToldOf("edits"),
    deletion: notToldOf("deletions"),
    receipt_sent: noReceipts,
    receipt_delivered: noReceipts,
    receipt_read: noReceipts,
    receipt_failed: "supported",
    echo: "supported",
    reachability: notToldOf("customers who block us"),
    group: { unsupported: "a Chat2Desk client is one person" },
    unsupported: notToldOf("content that it does not understand"),
  },
  outgoing: {
    text: "supported",
    image: "supported",
    video: "supported",
    audio: "supported",
    voice: "supported",
    file: "supported",
    sticker: "supported",
    location: { unsupported: "POST /v1/messages takes no coordinates" },
    contact: { unsupported: "POST /v1/messages takes no contact cards" },
    template: { unsupported: "templates belong to the WhatsApp account behind Chat2Desk" },
    html: { unsupported: "it depends on the messenger behind Chat2Desk; words go out as they are" },
    buttons: "supported",
    reply: {
      unsupported: "reply_message_id takes ids of Chat2Desk's own dialogs; no proof that it works",
    },
  },
  replyWindowMs: { unsupported: "the messenger behind Chat2Desk decides, and outbox_status tells" },
};

/** What an account of Chat2Desk must tell. */
export const credentialFields: readonly CredentialField[] = [
  {
    name: "token",
    what: "the account's API token (Settings, API), which also keys its webhooks' signatures",
    secret: true,
    pattern: /^[\x21-\x7e]{1,512}$/,
    absent: "fault",
  },
  {
    name: "signature",
    what: "required, or optional to accept webhooks without the two signature headers as well",
    secret: false,
    pattern: /^(?:required|optional)$/,
    absent: { value: "required" },
  },
];
