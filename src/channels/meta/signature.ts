import { timingSafeEqual } from "node:crypto";
import { CryptoHasher } from "bun";
import { type Account, credential } from "../account.ts";
import type { HandshakeAnswer, RawWebhook, Verification } from "../channel.ts";

/**
 * Meta signs with `X-Hub-Signature-256: sha256=<hex>`, HMAC-SHA256 over the raw body, keyed with the app's secret. There is no
 * time in it: replays end at the events' keys.
 */
export type Verify = (webhook: RawWebhook, account: Account) => Verification;

/** Secrets whose prepared hashers are remembered; preparing them anew would cost half of each verification. */
const rememberedSecretsMax = 1_000;
/** Longest challenge that is answered; Meta's are ten digits. */
const challengeLengthMax = 256;

const signatureForm = /^sha256=([0-9a-f]{64})$/i;

/** Makes the verifier with its memory of prepared hashers. */
export function createVerify(): Verify {
  const remembered = new Map<string, CryptoHasher>();

  const keyed = (secret: string): CryptoHasher => {
    const known = remembered.get(secret);
    if (known !== undefined) return known.copy();
    const made = new CryptoHasher("sha256", secret);
    if (remembered.size >= rememberedSecretsMax) remembered.clear();
    remembered.set(secret, made);
    return made.copy();
  };

  return ({ headers, body }, account) => {
    const given = headers.get("x-hub-signature-256")?.trim() ?? "";
    if (given === "") return { ok: false, reason: "signature_missing" };
    const secret = credential(account, "app-secret");
    const signature = signatureForm.exec(given)?.[1];
    if (signature === undefined || secret === "") return { ok: false, reason: "signature_wrong" };
    const expected = keyed(secret).update(body).digest();
    return timingSafeEqual(expected, Buffer.from(signature, "hex"))
      ? { ok: true }
      : { ok: false, reason: "signature_wrong" };
  };
}

/** Answers `GET ?hub.mode=subscribe&hub.verify_token=…&hub.challenge=…` with the challenge when the token is ours. */
export function shakeHands(query: URLSearchParams, account: Account): HandshakeAnswer {
  const challenge = query.get("hub.challenge") ?? "";
  const asked = query.get("hub.mode") === "subscribe";
  const known = isSame(query.get("hub.verify_token") ?? "", credential(account, "verify-token"));
  const readable = challenge !== "" && challenge.length <= challengeLengthMax;
  return asked && known && readable ? { ok: true, body: challenge } : { ok: false };
}

/** Digests have one length, so the comparison tells neither where nor by how much the two differ. */
function isSame(given: string, expected: string): boolean {
  const [one, other] = [given, expected].map((text) => new CryptoHasher("sha256").update(text));
  if (one === undefined || other === undefined || expected === "") return false;
  return timingSafeEqual(one.digest(), other.digest());
}
