import { describe, expect, test } from "bun:test";
import { createHash, createHmac } from "node:crypto";
import type { Account } from "../../../../src/channels/account.ts";
import type { Verification } from "../../../../src/channels/channel.ts";
import { createVerify, isSignedWith } from "../../../../src/channels/chat2desk/signature.ts";

/** The vendor's control example; its key is this literal in place of the MD5 of a token. */
const vendor = {
  key: "md5_api_token",
  timestamp: "1743681006",
  signature: "88b574d8237e1b7740f88102018b734d3dd5bc6803c509a3694eff9721b0c595",
  body: bytes(
    '{"message_id":28780,"type":"from_client","text":"test7","transport":"widget","client_id":12568,"operator_id":null,' +
      '"dialog_id":942,"channel_id":1,"photo":null,"coordinates":null,"audio":null,"pdf":null,' +
      '"client":{"id":12568,"phone":"[chat] 1d0bb2e221762cfcc05c","client_phone":null,"name":"[chat] 1d0bb2e221762cfcc05c",' +
      '"assigned_name":null,"external_id":null},"hook_type":"inbox","request_id":5357,"attachments":[],"is_new_request":false,' +
      '"is_new_client":false,"insta_comment":false,"extra_data":{},"is_new":true,"event_time":"2025-04-03T11:50:06.984494Z"}',
  ),
};

const token = "a-test-token";
const body = bytes('{"hook_type":"inbox","text":"Где пицца?"}');
const timestamp = "1743681006";
const required: Account = {
  apiUrl: "http://127.0.0.1",
  credentials: { token, signature: "required" },
};
const optional: Account = {
  ...required,
  credentials: { token, signature: "optional" },
};

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

type Form = "hex" | "raw";

function sign(form: Form, over: { token?: string; timestamp?: string } = {}): string {
  const raw = createHash("md5")
    .update(over.token ?? token)
    .digest();
  return createHmac("sha256", form === "hex" ? raw.toString("hex") : raw)
    .update(body)
    .update(over.timestamp ?? timestamp)
    .digest("hex");
}

const verify = createVerify();

function judged(headers: Record<string, string>, account = required): Verification {
  return verify({ headers: new Headers(headers), body }, account);
}

function signed(signature: string, account = required): Verification {
  return judged({ "X-Signature": signature, "X-Timestamp": timestamp }, account);
}

const right: Verification = { ok: true };
const wrong: Verification = { ok: false, reason: "signature_wrong" };
const missing: Verification = { ok: false, reason: "signature_missing" };

describe("the vendor's example", () => {
  test("verifies with its key", () => {
    expect(isSignedWith(vendor.key, vendor)).toBe(true);
  });

  test("fails with one byte, the timestamp or the key changed", () => {
    const changed = Uint8Array.from(vendor.body);
    changed[20] = 0x20;
    expect(isSignedWith(vendor.key, { ...vendor, body: changed })).toBe(false);
    expect(isSignedWith(vendor.key, { ...vendor, timestamp: "1743681007" })).toBe(false);
    expect(isSignedWith("md5_api_tokem", vendor)).toBe(false);
  });
});

describe("a signed webhook", () => {
  test("is accepted with the key as hex and as bytes, in either case of the digits, again and again", () => {
    for (const form of ["hex", "raw", "hex", "raw"] as const) {
      expect(signed(sign(form))).toEqual(right);
      expect(signed(sign(form).toUpperCase())).toEqual(right);
      expect(signed(sign(form), optional)).toEqual(right);
    }
  });

  test("is accepted however old its timestamp is", () => {
    const old = "946684800";
    expect(judged({ "X-Signature": sign("hex", { timestamp: old }), "X-Timestamp": old })).toEqual(
      right,
    );
  });

  test("is refused when another token, body or timestamp was signed, also where signatures are optional", () => {
    for (const account of [required, optional]) {
      expect(signed(sign("hex", { token: "another" }), account)).toEqual(wrong);
      expect(signed(sign("raw", { timestamp: "1743681007" }), account)).toEqual(wrong);
      expect(
        verify(
          {
            headers: new Headers({ "X-Signature": sign("hex"), "X-Timestamp": timestamp }),
            body: bytes("{}"),
          },
          account,
        ),
      ).toEqual(wrong);
    }
  });

  test("is refused when the signature is no hex digest of 32 bytes", () => {
    for (const signature of [
      "x",
      "00",
      sign("hex").slice(1),
      `${sign("hex")}0`,
      `sha256=${sign("hex")}`,
      "g".repeat(64),
    ]) {
      expect(signed(signature)).toEqual(wrong);
    }
  });
});

describe("an unsigned webhook", () => {
  test("is refused where signatures are required, whichever header is missing", () => {
    expect(judged({})).toEqual(missing);
    expect(judged({ "X-Timestamp": timestamp })).toEqual(missing);
    expect(judged({ "X-Signature": sign("hex") })).toEqual(missing);
    expect(judged({ "X-Signature": "", "X-Timestamp": timestamp })).toEqual(missing);
  });

  test("is accepted where they are optional", () => {
    expect(judged({}, optional)).toEqual(right);
  });
});

test("more tokens than are remembered still verify", () => {
  for (let at = 0; at < 1_100; at += 1) {
    const one = `token-${at}`;
    const credentials = { token: one, signature: "required" };
    expect(signed(sign("hex", { token: one }), { ...required, credentials })).toEqual(right);
  }
  expect(signed(sign("hex"))).toEqual(right);
});
