import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { openStage, type Stage, testToken } from "../../support/hookdesk.ts";
import { inboxHook, signatureOf } from "../../support/signed-webhook.ts";

/** What a webhook must be, in the order in which it is judged: address, size, type, signature, body. */
const bodyBytesMax = 1_048_576;
const encoder = new TextEncoder();
let stage: Stage;
let messageId = 1;

beforeAll(async () => {
  stage = await openStage();
});
afterAll(async () => stage.close());

type Post = {
  readonly path?: string;
  readonly body: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signed?: boolean;
};

async function post({ path = "/webhook/chat2desk", body, headers = {}, signed = true }: Post) {
  const response = await fetch(`${stage.hookdesk.url}${path}`, {
    method: "POST",
    body,
    headers: { ...(signed ? signatureOf(body) : {}), ...headers },
  });
  const text = await response.text();
  return { status: response.status, code: codeOf(text), headers: response.headers, text };
}

/** The code of a refusal, which is always JSON and always has a sentence. */
function codeOf(text: string): string | null {
  if (!text.startsWith("{")) return null;
  const { error }: { error: { code: string; message: string } } = JSON.parse(text);
  expect(error.message.length).toBeGreaterThan(5);
  return error.code;
}

function hook(): Uint8Array {
  messageId += 1;
  return encoder.encode(inboxHook(messageId));
}

const zeros = (length: number): Uint8Array => new Uint8Array(length).fill(0x20);
const json = { "Content-Type": "application/json" };

/** Writes bytes as they are and resolves with the status line of the answer. */
function statusLineOf(head: string, chunks: readonly Uint8Array[]): Promise<string> {
  const { port } = new URL(stage.hookdesk.url);
  return new Promise((resolve) => {
    const socket = connect({ port: Number(port), host: "127.0.0.1" });
    let answer = "";
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      answer += bytes.toString();
      if (answer.includes("\r\n")) socket.destroy();
    });
    socket.on("close", () => resolve(answer.split("\r\n")[0] ?? ""));
    socket.write(head);
    for (const chunk of chunks) {
      socket.write(`${chunk.length.toString(16)}\r\n`);
      socket.write(chunk);
      socket.write("\r\n");
    }
    socket.write("0\r\n\r\n");
  });
}

describe("what is refused, and in which order", () => {
  test("an unknown origin is 404 whatever else is wrong with the webhook", async () => {
    const body = zeros(bodyBytesMax * 9);
    const headers = { "Content-Type": "text/plain", "Content-Encoding": "gzip" };
    for (const path of [
      "/webhook/telegramm",
      "/webhook/chat2desk/nobody",
      "/webhook/chat2desk/%E0%A4%A",
    ]) {
      const answer = await post({ path, body, headers, signed: false });
      expect([path, answer.status, answer.code]).toEqual([path, 404, "unknown_origin"]);
    }
  });

  test("a body over the limit is 413 before anybody looks at its type", async () => {
    const headers = { "Content-Type": "text/plain" };
    for (const length of [bodyBytesMax + 1, bodyBytesMax * 9]) {
      const answer = await post({ body: zeros(length), headers, signed: false });
      expect([answer.status, answer.code]).toEqual([413, "too_large"]);
    }
  });

  test("a body of unknown length is 413 as soon as it is over the limit", async () => {
    const head =
      "POST /webhook/chat2desk HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n";
    const chunks = Array.from({ length: 24 }, () => zeros(65_536));
    expect(await statusLineOf(head, chunks)).toContain(" 413 ");
    expect(await statusLineOf(head, chunks.slice(0, 2))).toContain(" 415 ");
  });

  test("a body of exactly the limit is read", async () => {
    const answer = await post({ body: zeros(bodyBytesMax), headers: json });
    expect([answer.status, answer.code]).toEqual([400, "not_json"]);
  });

  test("an encoded body or one that is not said to be JSON is 415 before the signature", async () => {
    const packed = { body: gzipSync(hook()), headers: { ...json, "Content-Encoding": "gzip" } };
    expect((await post({ ...packed, signed: false })).code).toBe("encoded_body");
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"]) {
      const answer = await post({ body: hook(), headers: { "Content-Type": type }, signed: false });
      expect([type, answer.status, answer.code]).toEqual([type, 415, "not_json_type"]);
    }
  });

  test("a missing or wrong signature is 401 before the body is understood", async () => {
    const body = encoder.encode("{ this is no JSON");
    expect((await post({ body, headers: json, signed: false })).code).toBe("signature_missing");
    const wrong = { ...json, ...signatureOf(body, "another-token") };
    const answer = await post({ body, headers: wrong, signed: false });
    expect([answer.status, answer.code]).toEqual([401, "signature_wrong"]);
  });

  test.each([
    ["not_utf8", new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ["not_json", encoder.encode("{ this is no JSON")],
    ["not_json", new Uint8Array()],
    ["not_an_object", encoder.encode(`[${inboxHook(1)}]`)],
    ["not_an_object", encoder.encode("17")],
    ["not_an_object", encoder.encode("null")],
    ["too_deep", encoder.encode(`{"a":${"[".repeat(64)}${"]".repeat(64)}}`)],
  ])("a signed body that is %s is 400", async (code, body) => {
    const answer = await post({ body, headers: json });
    expect([answer.status, answer.code]).toEqual([400, code]);
  });

  test("a method that does not fit is 405 and names the one that does", async () => {
    for (const [path, method, allowed] of [
      ["/webhook/chat2desk", "GET", "POST"],
      ["/webhook/chat2desk/default", "PUT", "POST"],
      ["/health", "POST", "GET"],
    ] as const) {
      const answer = await fetch(`${stage.hookdesk.url}${path}`, { method });
      expect([path, answer.status, answer.headers.get("allow")]).toEqual([path, 405, allowed]);
      expect(codeOf(await answer.text())).toBe("method_not_allowed");
    }
  });

  test("an address where nothing is, is 404 in JSON", async () => {
    for (const path of ["/nothing", "/webhook", "/webhook/chat2desk/default/more", "/health/"]) {
      const answer = await fetch(`${stage.hookdesk.url}${path}`, { method: "POST" });
      expect([path, answer.status, codeOf(await answer.text())]).toEqual([path, 404, "not_found"]);
    }
  });

  test("a body that breaks off is nobody's fault but its sender's: the next one is served", async () => {
    const head = "POST /webhook/chat2desk HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{";
    const { port } = new URL(stage.hookdesk.url);
    await new Promise<void>((resolve) => {
      const socket = connect({ port: Number(port), host: "127.0.0.1" }, () => {
        socket.write(head, () => socket.destroy());
      });
      socket.on("close", () => resolve());
    });
    expect((await post({ body: hook(), headers: json })).status).toBe(200);
  });

  test("nothing of what was refused is stored", async () => {
    const before = await stage.database.count("SELECT count(*) FROM journal");
    await post({ body: encoder.encode("[]"), headers: json });
    await post({ body: hook(), headers: json, signed: false });
    await post({ body: hook(), headers: { "Content-Type": "text/plain" } });
    await post({ path: "/webhook/chat2desk/nobody", body: hook(), headers: json });
    expect(await stage.database.count("SELECT count(*) FROM journal")).toBe(before);
    expect(await stage.database.count("SELECT count(*) FROM event_keys")).toBe(before);
  });

  test("no refusal repeats the token or the body", async () => {
    const body = encoder.encode('{"text":"canary-of-a-text"');
    const answer = await post({ body, headers: json });
    expect(answer.text).not.toContain("canary");
    expect(answer.text).not.toContain(testToken);
  });
});
