import type { CredentialField } from "../../account.ts";
import type { Capabilities } from "../../capability.ts";
import { appFields, graphIdField, tokenField } from "../credentials.ts";
import { humanAgentField, outgoing, replyWindowMs } from "../messaging/account.ts";

/** What Messenger can say. */
export const capabilities: Capabilities = {
  incoming: {
    text: "supported",
    image: "supported",
    video: "supported",
    audio: "supported",
    voice: { unsupported: "Messenger tells voice notes as audio files like any other" },
    file: "supported",
    sticker: "supported",
    location: "supported",
    contact: { unsupported: "Messenger has no contact cards" },
    press: "supported",
    reply: "supported",
    reaction: "supported",
    edit: "supported",
    deletion: "supported",
    receipt_sent: { unsupported: "an answer to a send is all that tells of it" },
    receipt_delivered: "supported",
    receipt_read: "supported",
    receipt_failed: { unsupported: "a message that was taken does not fail later" },
    echo: "supported",
    reachability: {
      unsupported: "Messenger does not tell who blocked a page; a send is refused with 551",
    },
    group: { unsupported: "a page talks with one person at a time" },
    unsupported: "supported",
  },
  outgoing,
  replyWindowMs,
};

/** What a page must tell. */
export const credentialFields: readonly CredentialField[] = [
  tokenField("a page access token that does not end (made from a long-lived one of an admin)"),
  ...appFields,
  graphIdField("page-id", "the page's id (Page, About, Page transparency)"),
  graphIdField("app-id", "the app's id (App settings, Basic)"),
  humanAgentField,
];
