import { type Account, credential } from "../../account.ts";
import type { OutgoingMessage, SendOutcome } from "../../channel.ts";
import type { Fields } from "../fields.ts";
import { type Graph, postGraph } from "../graph.ts";
import { messageIdOf, outcomeOf } from "../outcome.ts";
import { messagingCodes } from "./codes.ts";
import { sayingOf } from "./saying.ts";

export type Outbox = {
  readonly graph: Graph;
  /** The credential with the id of the page or of the account. */
  readonly idField: string;
  /** Whether a message may carry a word of ours, which its echo brings back. */
  readonly carriesWord: boolean;
  /** Whether words are within the product's limit, in its own unit. */
  readonly fits: (text: string) => boolean;
};

/** One call of `POST /{page or account}/messages`; resolves with what is known of it. */
export async function sendMessage(
  { id, address, content, author }: OutgoingMessage,
  account: Account,
  { graph, idField, carriesWord, fits }: Outbox,
): Promise<SendOutcome> {
  const saying = sayingOf(content);
  if (!/^\d{1,40}$/.test(address)) return unsendable("content", "address_unreadable");
  if (!saying.ok) return unsendable("content", saying.detail);
  // Buttons that became lines may have made the words too long.
  const { text } = saying.message;
  if (typeof text === "string" && !fits(text)) return unsendable("too_long", "text_too_long");
  const result = await postGraph(graph, account, {
    path: [credential(account, idField), "messages"],
    body: {
      recipient: { id: address },
      ...reasonOf(author, account),
      message: { ...saying.message, ...(carriesWord ? { metadata: id } : {}) },
      ...(saying.replyTo === null ? {} : { reply_to: { mid: saying.replyTo } }),
    },
  });
  return outcomeOf(result, { codes: messagingCodes, messageIdOf, pair: null });
}

/** People may answer for seven days where Meta has allowed the business the human agent tag; programs for 24 hours. */
function reasonOf(author: OutgoingMessage["author"], account: Account): Fields {
  return author === "operator" && credential(account, "human-agent") === "yes"
    ? { messaging_type: "MESSAGE_TAG", tag: "HUMAN_AGENT" }
    : { messaging_type: "RESPONSE" };
}

function unsendable(reason: "content" | "too_long", detail: string): SendOutcome {
  return { type: "rejected", status: 0, reason, detail };
}
