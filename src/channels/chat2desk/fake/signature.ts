import { createHash, createHmac } from "node:crypto";

/** The vendor does not say which form of the MD5 is the key; `hex` is the usual reading. */
export type SignatureKey = "hex" | "raw";

/**
 * The value of `X-Signature`: hex HMAC-SHA256 over the raw body followed by the timestamp, with the MD5 of the token as key
 * (its 32 hex digits, or its 16 bytes).
 */
export function signWebhook(webhook: {
  readonly token: string;
  readonly body: string;
  readonly timestamp: string;
  readonly key: SignatureKey;
}): string {
  const digest = createHash("md5").update(webhook.token).digest();
  const key = webhook.key === "raw" ? digest : digest.toString("hex");
  return createHmac("sha256", key).update(webhook.body).update(webhook.timestamp).digest("hex");
}
