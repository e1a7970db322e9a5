import type { CredentialField } from "../../account.ts";
import type { Capabilities, Unsupported } from "../../capability.ts";

/** What Messenger and Instagram have in common beside their webhooks and sends. */

/** How long after the customer's last message anything may be sent, ms. */
export const replyWindowMs = 86_400_000;

/** Whether operators answer under Meta's human agent tag. */
export const humanAgentField: CredentialField = {
  name: "human-agent",
  what: "yes when Meta has allowed the app the Human Agent feature: then operators may answer for seven days",
  secret: false,
  pattern: /^(?:yes|no)$/,
  absent: { value: "no" },
};

const notSent = (what: string): Unsupported => ({ unsupported: `the Send API has no ${what}` });

/** What goes out; both products use one Send API. */
export const outgoing: Capabilities["outgoing"] = {
  text: "supported",
  image: "supported",
  video: "supported",
  audio: "supported",
  voice: "supported",
  file: "supported",
  sticker: notSent("stickers but the like button"),
  location: notSent("message with a place"),
  contact: notSent("contact cards"),
  template: notSent("templates that could be sent after the reply window"),
  html: { unsupported: "the Send API takes plain words; they go out as written" },
  buttons: "supported",
  reply: "supported",
};

/** Its own list of messages knows neither presses nor receipts, and gives a page two calls a second. */
export const noBackfill: Unsupported = {
  unsupported:
    "Meta delivers again by itself; its list of conversations tells neither presses nor receipts",
};
