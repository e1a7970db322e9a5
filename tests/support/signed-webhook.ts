import { testToken } from "./hookdesk.ts";

const timestamp = "1743681006";

/** The headers with which the platform signs these bytes; made without the product's own code. */
export function signatureOf(body: Uint8Array, token = testToken): Record<string, string> {
  const key = new Bun.CryptoHasher("md5").update(token).digest("hex");
  const signature = new Bun.CryptoHasher("sha256", key)
    .update(body)
    .update(timestamp)
    .digest("hex");
  return { "X-Signature": signature, "X-Timestamp": timestamp };
}

/** A client's message as Chat2Desk posts it. */
export function inboxHook(messageId: number, clientId = 1): string {
  return JSON.stringify({
    hook_type: "inbox",
    message_id: messageId,
    type: "from_client",
    text: "Hi",
    client_id: clientId,
    channel_id: 17404,
    transport: "telegram",
    event_time: "2026-11-21T04:00:00.000Z",
  });
}
