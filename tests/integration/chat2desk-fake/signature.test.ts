import { afterEach, describe, expect, test } from "bun:test";
import {
  type FakeChat2Desk,
  startFakeChat2Desk,
} from "../../../src/channels/chat2desk/fake/platform.ts";
import { type Receiver, startReceiver } from "./receiver.ts";

/** The documented formula by other means than the fake's: WebCrypto and Bun's hasher. */
async function hmacHex(key: Uint8Array<ArrayBuffer>, message: string): Promise<string> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", key, algorithm, false, ["sign"]);
  const bytes = await crypto.subtle.sign("HMAC", imported, new TextEncoder().encode(message));
  return new Uint8Array(bytes).toHex();
}

describe("the fake's signature", () => {
  let receiver: Receiver;
  let platform: FakeChat2Desk;

  async function start(options: { signatureKey?: "hex" | "raw"; signed?: boolean }): Promise<void> {
    receiver = startReceiver();
    const webhookUrl = receiver.url;
    platform = await startFakeChat2Desk({
      accounts: [{ token: "token-one", webhookUrl, ...options }],
    });
  }

  afterEach(async () => {
    await platform.stop();
    await receiver.stop();
  });

  test("is the HMAC of the raw body and the timestamp under the token's MD5 in hex", async () => {
    await start({});
    await platform.say({ clientId: 1, text: "Привет 👋" });
    const [webhook] = receiver.received;
    const timestamp = webhook?.headers.get("x-timestamp") ?? "";
    const key = new TextEncoder().encode(Bun.MD5.hash("token-one", "hex"));
    expect(timestamp).toMatch(/^\d{10}$/);
    expect(webhook?.headers.get("x-signature")).toBe(
      await hmacHex(key, `${webhook?.body}${timestamp}`),
    );
  });

  test("uses the 16 bytes of the MD5 as key when told so", async () => {
    await start({ signatureKey: "raw" });
    await platform.say({ clientId: 1, text: "hi" });
    const [webhook] = receiver.received;
    const key = Uint8Array.fromHex(Bun.MD5.hash("token-one", "hex"));
    const signed = `${webhook?.body}${webhook?.headers.get("x-timestamp")}`;
    expect(webhook?.headers.get("x-signature")).toBe(await hmacHex(key, signed));
  });

  test("is left out when told so", async () => {
    await start({ signed: false });
    await platform.say({ clientId: 1, text: "hi" });
    expect(receiver.received[0]?.headers.has("x-signature")).toBe(false);
  });
});
