import { createHmac } from "node:crypto";

/** The value of `X-Hub-Signature-256`: HMAC-SHA256 over the body, keyed with the app's secret. */
export function signWebhook(body: string, appSecret: string): string {
  return `sha256=${createHmac("sha256", appSecret).update(body, "utf8").digest("hex")}`;
}
