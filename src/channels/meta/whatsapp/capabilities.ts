import type { CredentialField } from "../../account.ts";
import type { Capabilities } from "../../capability.ts";
import { appFields, graphIdField, tokenField } from "../credentials.ts";

/** After this, ms, only a template may be sent; every message of the customer begins it anew. */
const replyWindowMs = 86_400_000;

/** What the WhatsApp Cloud API can say. */
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
    receipt_sent: "supported",
    receipt_delivered: "supported",
    receipt_read: "supported",
    receipt_failed: "supported",
    echo: "supported",
    reachability: {
      unsupported: "WhatsApp does not tell who blocked a business; a send is refused with 131026",
    },
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
    template: "supported",
    html: {
      unsupported: "WhatsApp marks words with signs and knows no tags; they go out as written",
    },
    buttons: "supported",
    reply: "supported",
  },
  replyWindowMs,
};

/** What a number of WhatsApp must tell. */
export const credentialFields: readonly CredentialField[] = [
  tokenField(
    "a permanent token of a system user with whatsapp_business_messaging and whatsapp_business_management",
  ),
  ...appFields,
  graphIdField("phone-number-id", "the number's id (WhatsApp, API setup), which is not the number"),
  graphIdField("waba-id", "the WhatsApp Business account's id (WhatsApp, API setup)"),
];
