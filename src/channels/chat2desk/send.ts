import { ExactNumber } from "../../core/json.ts";
import type { JsonId } from "../../message/message.ts";
import type { HttpClient } from "../../platform/http/client.ts";
import type { Account, OutgoingMessage, SendOutcome } from "../channel.ts";
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
  const result = await parts.http.post({
    url: `${account.apiUrl.replace(/\/+$/, "")}/v1/messages`,
    // The raw token: this platform knows no scheme such as Bearer.
    headers: { Authorization: account.apiToken, "Content-Type": "application/json" },
    body: bodyOf(delivery),
    timeoutMs: parts.timeoutMs,
  });
  return result.type === "failure" ? outcomeOfFailure(result) : parts.outcomeOf(result);
}

function bodyOf({ id, address, text, author }: OutgoingMessage): string {
  return JSON.stringify({
    client_id: written(address.client),
    ...(address.channel === null ? {} : { channel_id: written(address.channel) }),
    ...(address.transport === null ? {} : { transport: address.transport }),
    type: author === "bot" ? "autoreply" : "to_client",
    text,
    // Otherwise each reply of the bot would open a dialog for the operators.
    open_dialog: false,
    external_id: id,
  });
}

/** An id in the JSON type in which it arrived, all digits kept. */
function written(id: JsonId): ExactNumber | string {
  return id.type === "number" && /^\d+$/.test(id.value) ? new ExactNumber(id.value) : id.value;
}
