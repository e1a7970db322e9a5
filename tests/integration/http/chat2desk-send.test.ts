import { afterEach, describe, expect, test } from "bun:test";
import type { Account } from "../../../src/channels/account.ts";
import type { OutgoingMessage, SendOutcome } from "../../../src/channels/channel.ts";
import { createChat2Desk } from "../../../src/channels/chat2desk/chat2desk.ts";
import { createHttpClient } from "../../../src/platform/http/client.ts";
import { closedPortUrl, startRawServer } from "./raw-server.ts";
import { plainText } from "../../../src/message/outgoing.ts";

const http = createHttpClient();
const channel = createChat2Desk({ http, sendTimeoutMs: 300 });

const text = "How many? 🍜";
const message: OutgoingMessage = {
  id: "0190f0aa-1111-7000-8000-000000000001",
  address: '[5100042,731,"telegram"]',
  content: plainText(text),
  author: "bot",
};

const opened: { stop: () => void }[] = [];
afterEach(() => {
  for (const server of opened.splice(0)) server.stop();
});

function account(apiUrl: string): Account {
  return { apiUrl, credentials: { token: "canary-token", signature: "required" } };
}

type Call = {
  readonly path: string;
  readonly method: string;
  readonly authorization: string | null;
  readonly type: string | null;
  readonly body: string;
};

/** A platform of one answer that keeps what it was sent. */
function platform(answer: () => Response): {
  readonly url: string;
  readonly calls: readonly Call[];
} {
  const calls: Call[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const { headers, method, url } = request;
      calls.push({
        path: new URL(url).pathname,
        method,
        authorization: headers.get("authorization"),
        type: headers.get("content-type"),
        body: await request.text(),
      });
      return answer();
    },
  });
  opened.push({ stop: () => void server.stop(true) });
  return { url: `http://127.0.0.1:${server.port}`, calls };
}

const success = (): Response => Response.json({ data: { message_id: 106_001 }, status: "success" });

async function bodySent(delivery: OutgoingMessage): Promise<string> {
  const { url, calls } = platform(success);
  await channel.send(delivery, account(url));
  return calls[0]?.body ?? "";
}

describe("the request", () => {
  test("is one POST of /v1/messages with the raw token and JSON", async () => {
    const { url, calls } = platform(success);
    expect(await channel.send(message, account(`${url}/`))).toEqual({
      type: "sent",
      messageId: "106001",
      status: 200,
    });
    expect(calls.length).toBe(1);
    expect(calls[0]).toMatchObject({
      path: "/v1/messages",
      method: "POST",
      authorization: "canary-token",
      type: "application/json",
    });
    expect(JSON.parse(calls[0]?.body ?? "")).toEqual({
      client_id: 5_100_042,
      channel_id: 731,
      transport: "telegram",
      type: "autoreply",
      text: "How many? 🍜",
      open_dialog: false,
      external_id: message.id,
    });
  });

  test("of an operator is sent as to_client and opens no dialog either", async () => {
    expect(JSON.parse(await bodySent({ ...message, author: "operator" }))).toMatchObject({
      type: "to_client",
      open_dialog: false,
    });
  });

  test("carries ids in the JSON type in which they came, with all digits", async () => {
    const numbers = await bodySent({
      ...message,
      address: "[18446744073709551617,9007199254740993,null]",
    });
    expect(numbers).toContain('"client_id":18446744073709551617,');
    expect(numbers).toContain('"channel_id":9007199254740993,');
    const strings = await bodySent({
      ...message,
      address: '["5100042","c-1",null]',
    });
    expect(strings).toContain('"client_id":"5100042"');
    expect(strings).toContain('"channel_id":"c-1"');
  });

  test("leaves out what the conversation does not know", async () => {
    const sent: unknown = JSON.parse(
      await bodySent({
        ...message,
        address: "[5100042,null,null]",
      }),
    );
    expect(sent).not.toHaveProperty("channel_id");
    expect(sent).not.toHaveProperty("transport");
  });

  test("is not made for what is no address of this platform, or for what it cannot send", async () => {
    const { url, calls } = platform(success);
    const at = { type: "location", latitude: 1, longitude: 2, name: null, address: null } as const;
    for (const address of ["", "17", "[]", "[null,1,null]", "[true]", '{"client":17}'])
      expect(await channel.send({ ...message, address }, account(url))).toMatchObject({
        type: "rejected",
        detail: "address_unreadable",
      });
    expect(await channel.send({ ...message, content: at }, account(url))).toEqual({
      type: "rejected",
      status: 0,
      reason: "content",
      detail: "cannot_send_location",
    });
    expect(calls).toEqual([]);
  });

  test("of a file carries its address, its name and its caption", async () => {
    const content = {
      type: "file",
      url: "https://files.example/a.pdf",
      name: "menu.pdf",
      caption: "Here",
    } as const;
    expect(JSON.parse(await bodySent({ ...message, content }))).toMatchObject({
      text: "Here",
      attachment: "https://files.example/a.pdf",
      attachment_filename: "menu.pdf",
    });
  });
});

describe("the outcome over a real connection", () => {
  const cases: readonly [name: string, answer: () => Response, outcome: SendOutcome][] = [
    [
      "throttled with a wait",
      () => new Response("", { status: 429, headers: { "Retry-After": "2" } }),
      { type: "throttled", status: 429, retryAfterMs: 2_000, scope: null },
    ],
    [
      "rejected",
      () => Response.json({ status: "error", message: "bad client_id" }, { status: 400 }),
      { type: "rejected", status: 400, reason: "other", detail: "http_400" },
    ],
    [
      "a quota",
      () => Response.json({ status: "error", message: "API calls exceeded API limit per month" }),
      { type: "quota", status: 200, detail: "monthly_limit" },
    ],
    [
      "unauthorized",
      () => Response.json({ status: "error", message: "You need to auth" }, { status: 403 }),
      { type: "unauthorized", status: 403, detail: "token_refused" },
    ],
    [
      "failed",
      () => new Response("oops", { status: 500 }),
      { type: "failed", status: 500, detail: "http_500" },
    ],
    [
      "failed by a redirect, which is not followed",
      () => Response.redirect("/v1/elsewhere", 307),
      { type: "failed", status: 307, detail: "http_307" },
    ],
    ["sent without an id", () => new Response(""), { type: "sent", messageId: null, status: 200 }],
  ];
  for (const [name, answer, outcome] of cases) {
    test(`is ${name}`, async () => {
      const { url, calls } = platform(answer);
      expect(await channel.send(message, account(url))).toEqual(outcome);
      expect(calls.length).toBe(1);
    });
  }

  test("is not_sent where nobody listens and where the name does not exist", async () => {
    expect(await channel.send(message, account(closedPortUrl()))).toEqual({
      type: "not_sent",
      detail: "connection_refused",
    });
    expect(await channel.send(message, account("http://no-such-host.invalid"))).toEqual({
      type: "not_sent",
      detail: "name_not_found",
    });
  });

  test("is unknown when the platform hangs, resets or cuts a success, and one request was made", async () => {
    const cut =
      'HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"data":{"message_id":1},"status":"suc';
    const unannounced = 'HTTP/1.1 200 OK\r\n\r\n{"data":{"message_id":1},"status":"suc';
    for (const [detail, answer] of [
      ["timeout", null],
      ["connection_lost", ""],
      ["connection_lost", cut],
      ["answer_cut", unannounced],
    ] as const) {
      const server = startRawServer({
        onRequest: (socket) => {
          if (answer === null) return;
          if (answer !== "") socket.write(answer);
          socket.flush();
          socket.terminate();
        },
      });
      opened.push(server);
      expect(await channel.send(message, account(server.url))).toEqual({ type: "unknown", detail });
      expect(server.seen.length).toBe(1);
    }
  });

  test("never contains the token, the client or the text", async () => {
    const secretive = (): Response =>
      Response.json({ status: "error", message: `canary-token ${text} 5100042` }, { status: 400 });
    expect(
      JSON.stringify(await channel.send(message, account(platform(secretive).url))),
    ).not.toMatch(/canary|How many|5100042/);
  });
});

test("a send may take ten seconds unless told otherwise", () => {
  expect(createChat2Desk({ http }).sendTimeoutMs).toBe(10_000);
  expect(createChat2Desk({ http }).name).toBe("chat2desk");
});
