import type { CredentialField } from "../../account.ts";
import type { Capabilities } from "../../capability.ts";
import { appFields, graphIdField, tokenField } from "../credentials.ts";
import { humanAgentField, outgoing, replyWindowMs } from "../messaging/account.ts";
import { endField } from "./renewal.ts";

/** What Instagram's messages can say. */
export const capabilities: Capabilities = {
  incoming: {
    text: "supported",
    image: "supported",
    video: "supported",
    audio: "supported",
    voice: { unsupported: "Instagram tells voice notes as audio files like any other" },
    file: "supported",
    sticker: { unsupported: "Instagram passes stickers on as likes or pictures" },
    location: { unsupported: "Instagram has no messages with a place" },
    contact: { unsupported: "Instagram has no contact cards" },
    press: "supported",
    reply: "supported",
    reaction: "supported",
    edit: "supported",
    deletion: "supported",
    receipt_sent: { unsupported: "an answer to a send is all that tells of it" },
    receipt_delivered: { unsupported: "Instagram tells only what was seen" },
    receipt_read: "supported",
    receipt_failed: { unsupported: "a message that was taken does not fail later" },
    echo: "supported",
    reachability: {
      unsupported: "Instagram does not tell who blocked an account; a send is refused with 551",
    },
    group: { unsupported: "the API shows no group threads" },
    unsupported: "supported",
  },
  outgoing,
  replyWindowMs,
};

/** What a professional account must tell. */
export const credentialFields: readonly CredentialField[] = [
  tokenField("a long-lived token of the account (Instagram, API setup with Instagram login)"),
  ...appFields,
  graphIdField("account-id", "the professional account's id (Instagram, API setup)"),
  {
    name: endField,
    what: "when the token ends, ms since 1970; 0 when you do not know",
    secret: false,
    pattern: /^\d{1,16}$/,
    absent: { value: "0" },
  },
  humanAgentField,
];
