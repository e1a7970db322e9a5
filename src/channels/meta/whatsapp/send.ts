import { type Account, credential } from "../../account.ts";
import type { OutgoingMessage, SendOutcome } from "../../channel.ts";
import { type Graph, postGraph } from "../graph.ts";
import { messageIdOf, outcomeOf } from "../outcome.ts";
import { recipientOf } from "./address.ts";
import { whatsAppCodes } from "./codes.ts";
import { sayingOf } from "./saying.ts";

/** How long a customer is left alone after "too many messages to this pair" without a time: the pace is one in 6 s. */
export const pairPaceMs = 6_000;

/** One call of `POST /{phone-number-id}/messages`; resolves with what is known of it. */
export async function sendMessage(
  { id, address, content }: OutgoingMessage,
  account: Account,
  graph: Graph,
): Promise<SendOutcome> {
  const recipient = recipientOf(address);
  const saying = sayingOf(content);
  if (recipient === null) return unsendable("address_unreadable");
  if (!saying.ok) return unsendable(saying.detail);
  const result = await postGraph(graph, account, {
    path: [credential(account, "phone-number-id"), "messages"],
    body: {
      messaging_product: "whatsapp",
      ...recipient.fields,
      ...saying.fields,
      // Comes back in every status of the message.
      biz_opaque_callback_data: id,
    },
  });
  const pair = { key: recipient.pairKey, retryAfterMs: pairPaceMs };
  return outcomeOf(result, { codes: whatsAppCodes, messageIdOf, pair });
}

function unsendable(detail: string): SendOutcome {
  return { type: "rejected", status: 0, reason: "content", detail };
}
