import { timingSafeEqual } from "node:crypto";
import { CryptoHasher } from "bun";
import { type Account, credential } from "../account.ts";
import type { RawWebhook, Verification } from "../channel.ts";

/**
 * Chat2Desk signs with HMAC-SHA256 over the raw body followed by X-Timestamp. The key is the MD5 of the API token, and the
 * vendor does not say whether as 32 hex characters or as 16 bytes, so both are accepted.
 * An old timestamp is no reason to refuse: a redelivery after two hours carries the first one. Replays end at the dedupe key.
 */
export type Verify = (webhook: RawWebhook, account: Account) => Verification;

/** Tokens whose keys are remembered; deriving them anew would cost half of each verification. */
const rememberedTokensMax = 1_000;

const hexDigest = /^[0-9a-f]{64}$/i;

/** Makes the verifier with its memory of derived keys. */
export function createVerify(): Verify {
  const remembered = new Map<string, readonly CryptoHasher[]>();

  const keyed = (token: string): readonly CryptoHasher[] => {
    const known = remembered.get(token);
    if (known !== undefined) return known;
    const made = keysOf(token).map((key) => new CryptoHasher("sha256", key));
    if (remembered.size >= rememberedTokensMax) remembered.clear();
    remembered.set(token, made);
    return made;
  };

  return ({ headers, body }, account) => {
    const signature = headers.get("x-signature")?.trim() ?? "";
    const timestamp = headers.get("x-timestamp")?.trim() ?? "";
    if (signature === "" || timestamp === "") return unsigned(account);
    const right = keyed(credential(account, "token")).some((hasher) =>
      signs(hasher.copy(), { signature, timestamp, body }),
    );
    return right ? { ok: true } : { ok: false, reason: "signature_wrong" };
  };
}

export type SignedBody = {
  /** X-Signature: 64 hex digits in either case. */
  readonly signature: string;
  /** X-Timestamp as it came. */
  readonly timestamp: string;
  readonly body: Uint8Array;
};

/** Whether the signature was made with this key; the comparison takes the same time wherever they differ. */
export function isSignedWith(key: string | Uint8Array, signed: SignedBody): boolean {
  return signs(new CryptoHasher("sha256", key), signed);
}

function unsigned(account: Account): Verification {
  return credential(account, "signature") === "optional"
    ? { ok: true }
    : { ok: false, reason: "signature_missing" };
}

function keysOf(token: string): readonly [hex: string, raw: Uint8Array] {
  const raw = new CryptoHasher("md5").update(token).digest();
  return [raw.toString("hex"), raw];
}

function signs(hasher: CryptoHasher, { signature, timestamp, body }: SignedBody): boolean {
  if (!hexDigest.test(signature)) return false;
  const expected = hasher.update(body).update(timestamp).digest();
  return timingSafeEqual(expected, Buffer.from(signature, "hex"));
}
