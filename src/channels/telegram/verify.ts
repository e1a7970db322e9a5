import { createHash, timingSafeEqual } from "node:crypto";
import { type Account, credential } from "../account.ts";
import type { RawWebhook, Verification } from "../channel.ts";

/**
 * Telegram sends the secret that we gave it with `setWebhook` along with every update. It signs nothing, so the body is believed
 * because the secret is. Compared as digests, which takes the same time wherever and however long they differ.
 */
export function verify({ headers }: RawWebhook, account: Account): Verification {
  const given = headers.get("x-telegram-bot-api-secret-token");
  if (given === null || given === "") return { ok: false, reason: "signature_missing" };
  return timingSafeEqual(digest(given), digest(credential(account, "webhook-secret")))
    ? { ok: true }
    : { ok: false, reason: "signature_wrong" };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
