import { describe, expect, test } from "bun:test";
import { signWebhook } from "../../../../src/channels/meta/fake/signature.ts";
import { writeWire } from "../../../../src/channels/meta/fake/wire.ts";
import { createVerify, shakeHands } from "../../../../src/channels/meta/signature.ts";
import { metaSecrets, whatsAppAccount } from "../../../support/meta-accounts.ts";
import { WhatsAppAPI } from "whatsapp-api-js";

const secret = metaSecrets["app-secret"];
const text = writeWire({ object: "whatsapp_business_account", entry: [], name: "Ängström 🍜" });
const body = new TextEncoder().encode(text);
const verify = createVerify();

function judged(signature: string | null, bytes: Uint8Array = body) {
  const headers = new Headers(signature === null ? {} : { "X-Hub-Signature-256": signature });
  return verify({ headers, body: bytes }, whatsAppAccount);
}

describe("a webhook's signature", () => {
  test("is known when it was made with the app's secret, in either case of its digits", () => {
    const signature = signWebhook(text, secret);
    expect(judged(signature)).toEqual({ ok: true });
    expect(judged(signature.toUpperCase().replace("SHA256", "sha256"))).toEqual({ ok: true });
    expect(judged(` ${signature} `)).toEqual({ ok: true });
  });

  test("is wrong after any flipped bit of the body", () => {
    const signature = signWebhook(text, secret);
    for (let bit = 0; bit < body.length * 8; bit += 1) {
      const flipped = Uint8Array.from(body);
      const at = Math.floor(bit / 8);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (bit % 8));
      expect(judged(signature, flipped).ok).toBe(false);
    }
  });

  test("is missing or wrong in every other form", () => {
    const signature = signWebhook(text, secret);
    const digits = signature.slice("sha256=".length);
    expect(judged(null)).toEqual({ ok: false, reason: "signature_missing" });
    expect(judged("")).toEqual({ ok: false, reason: "signature_missing" });
    const others = [
      digits,
      `sha1=${digits}`,
      "sha256=",
      `sha256=${digits.slice(1)}`,
      `sha256=${digits}0`,
      `sha256=${"g".repeat(64)}`,
      `${signature},${signature}`,
      signWebhook(text, "another secret"),
      signWebhook(`${text} `, secret),
    ];
    for (const other of others)
      expect(judged(other)).toEqual({ ok: false, reason: "signature_wrong" });
  });

  test("is not accepted when the origin has no secret", () => {
    const bare = { ...whatsAppAccount, credentials: {} };
    const headers = new Headers({ "x-hub-signature-256": signWebhook(text, "") });
    expect(verify({ headers, body }, bare)).toEqual({ ok: false, reason: "signature_wrong" });
  });
});

describe("whatsapp-api-js, which somebody else wrote", () => {
  const api = new WhatsAppAPI({
    token: metaSecrets.token,
    appSecret: secret,
    webhookVerifyToken: metaSecrets["verify-token"],
    v: "v23.0",
  });

  test("agrees with the signatures of our fake, and refuses another body", async () => {
    const signature = signWebhook(text, secret);
    expect(await api.verifyRequestSignature(text, signature)).toBe(true);
    expect(await api.verifyRequestSignature(`${text} `, signature)).toBe(false);
  });

  test("answers a handshake as we do", () => {
    const asked = {
      "hub.mode": "subscribe",
      "hub.challenge": "1158201444",
      "hub.verify_token": metaSecrets["verify-token"],
    } as const;
    const ours = shakeHands(new URLSearchParams(asked), whatsAppAccount);
    expect(ours).toEqual({ ok: true, body: api.get(asked) });
  });
});

describe("a handshake", () => {
  const right = {
    "hub.mode": "subscribe",
    "hub.challenge": "1158201444",
    "hub.verify_token": metaSecrets["verify-token"],
  };
  const shake = (changes: Record<string, string>) =>
    shakeHands(new URLSearchParams({ ...right, ...changes }), whatsAppAccount);

  test("is refused with another token, another mode, or nothing to answer", () => {
    expect(shake({}).ok).toBe(true);
    for (const changes of [
      { "hub.verify_token": "another" },
      { "hub.verify_token": "" },
      { "hub.mode": "unsubscribe" },
      { "hub.challenge": "" },
      { "hub.challenge": "x".repeat(257) },
    ])
      expect(shake(changes)).toEqual({ ok: false });
  });

  test("is refused by an origin without a word of its own", () => {
    const query = new URLSearchParams({ ...right, "hub.verify_token": "" });
    expect(shakeHands(query, { ...whatsAppAccount, credentials: {} })).toEqual({ ok: false });
  });
});
