import type { OutgoingContent } from "../../message/outgoing.ts";
import type { HttpClient } from "../../platform/http/client.ts";
import { type Account, credential } from "../account.ts";
import type { OutgoingMessage, SendOutcome } from "../channel.ts";
import { recipientOf } from "./address.ts";
import { type OutcomeReader, outcomeOfFailure } from "./outcome.ts";

export type SendParts = {
  readonly http: HttpClient;
  readonly timeoutMs: number;
  readonly outcomeOf: OutcomeReader;
};

/** One call of `POST /v1/messages`; resolves with what is known of it. */
export async function sendMessage(
  delivery: OutgoingMessage,
  account: Account,
  parts: SendParts,
): Promise<SendOutcome> {
  const recipient = recipientOf(delivery.address);
  const said = sayingOf(delivery.content);
  if (recipient === null) return unsendable("address_unreadable");
  if (said === null) return unsendable(`cannot_send_${delivery.content.type}`);
  const result = await parts.http.post({
    url: `${account.apiUrl.replace(/\/+$/, "")}/v1/messages`,
    // The raw token: this platform knows no scheme such as Bearer.
    headers: { Authorization: credential(account, "token"), "Content-Type": "application/json" },
    body: JSON.stringify({ ...recipient, ...said, ...mannerOf(delivery) }),
    timeoutMs: parts.timeoutMs,
  });
  return result.type === "failure" ? outcomeOfFailure(result) : parts.outcomeOf(result);
}

function unsendable(detail: string): SendOutcome {
  return { type: "rejected", status: 0, reason: "content", detail };
}

type Said = Readonly<Record<string, unknown>>;

/** What the message says; null for what this platform cannot send. */
function sayingOf(content: OutgoingContent): Said | null {
  switch (content.type) {
    case "text":
      return { text: content.text, ...buttonsOf(content.buttons) };
    case "location":
    case "contact":
    case "template":
      return null;
    default:
      return {
        ...(content.caption === "" ? {} : { text: content.caption }),
        attachment: content.url,
        ...(content.name === null ? {} : { attachment_filename: content.name }),
      };
  }
}

function buttonsOf(rows: Extract<OutgoingContent, { type: "text" }>["buttons"]): Said {
  const buttons = rows
    .flat()
    .map((button) =>
      "url" in button
        ? { type: "url", text: button.title, url: button.url }
        : { type: "reply", text: button.title, payload: button.data },
    );
  return buttons.length === 0 ? {} : { inline_buttons: buttons };
}

function mannerOf({ id, author }: OutgoingMessage): Said {
  return {
    type: author === "bot" ? "autoreply" : "to_client",
    // Otherwise each reply of the bot would open a dialog for the operators.
    open_dialog: false,
    external_id: id,
  };
}
