import { afterEach, describe, expect, test } from "bun:test";
import { createHttpClient, type HttpResult } from "../../../src/platform/http/client.ts";
import { closedPortUrl, type RawBehaviour, type RawServer, startRawServer } from "./raw-server.ts";

const client = createHttpClient({ answerBytesMax: 1_000 });
const shortMs = 150;
const longMs = 5_000;

const opened: { stop: () => void }[] = [];
afterEach(() => {
  for (const server of opened.splice(0)) server.stop();
});

function server(behaviour: RawBehaviour): RawServer {
  const started = startRawServer(behaviour);
  opened.push(started);
  return started;
}

/** A server that writes this and, if told so, ends the connection. */
function answering(text: string | Uint8Array, then: "keep" | "end" | "reset" = "keep"): RawServer {
  return server({
    onRequest: (socket) => {
      socket.write(text);
      socket.flush();
      if (then === "end") socket.end();
      if (then === "reset") socket.terminate();
    },
  });
}

function post(url: string, timeoutMs = longMs): Promise<HttpResult> {
  return client.post({
    url,
    headers: { "Content-Type": "application/json", Authorization: "canary" },
    body: '{"n":9007199254740993}',
    timeoutMs,
  });
}

async function timed(work: Promise<HttpResult>): Promise<{ result: HttpResult; tookMs: number }> {
  const begun = performance.now();
  return { result: await work, tookMs: performance.now() - begun };
}

const noAnswer = (detail: string): HttpResult => ({ type: "failure", kind: "no_answer", detail });
const ok = "HTTP/1.1 200 OK\r\n";

describe("a complete answer", () => {
  test("comes with status, lower-case headers and the body as text, digits untouched", async () => {
    const body = '{"id":9007199254740993}';
    const { url } = answering(
      `HTTP/1.1 429 Slow\r\nRetry-After: 3\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect(await post(url)).toEqual({
      type: "answer",
      status: 429,
      headers: { "retry-after": "3", "content-length": "23" },
      body,
      endProven: true,
    });
  });

  test("is what the server read: the body byte by byte, the headers as given", async () => {
    const { url, seen } = answering(`${ok}Content-Length: 0\r\n\r\n`);
    await post(`${url}/v1/messages`);
    const text = seen[0]?.text ?? "";
    expect(text).toStartWith("POST /v1/messages HTTP/1.1\r\n");
    expect(text).toContain("Authorization: canary\r\n");
    expect(text).toEndWith('\r\n\r\n{"n":9007199254740993}');
  });

  test("may be of any status: errors and redirects are answers, and no redirect is followed", async () => {
    for (const status of [204, 302, 307, 400, 404, 500, 503]) {
      const { url, seen } = answering(
        `HTTP/1.1 ${status} X\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n`,
      );
      expect(await post(url)).toMatchObject({ type: "answer", status, body: "" });
      expect(seen.length).toBe(1);
    }
  });

  test("may be compressed or in chunks", async () => {
    const zipped = Bun.gzipSync(new TextEncoder().encode("zipped"));
    const head = new TextEncoder().encode(
      `${ok}Content-Encoding: gzip\r\nContent-Length: ${zipped.length}\r\n\r\n`,
    );
    expect(await post(answering(Buffer.concat([head, zipped])).url)).toMatchObject({
      body: "zipped",
      endProven: true,
    });
    expect(
      await post(answering(`${ok}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`).url),
    ).toMatchObject({ body: "ok", endProven: true });
  });

  test("is marked when nothing proves that it ended", async () => {
    for (const then of ["end", "reset"] as const) {
      expect(await post(answering(`${ok}\r\n{"half`, then).url)).toMatchObject({
        type: "answer",
        status: 200,
        body: '{"half',
        endProven: false,
      });
    }
  });
});

describe("a failure before anything was sent", () => {
  test("is refused where nobody listens", async () => {
    expect(await post(closedPortUrl())).toEqual({
      type: "failure",
      kind: "refused",
      detail: "connection_refused",
    });
  });

  test("is dns where the name does not exist", async () => {
    expect(await post("http://no-such-host.invalid/")).toEqual({
      type: "failure",
      kind: "dns",
      detail: "name_not_found",
    });
  });
});

test("only web addresses are called: nothing of this machine is read", async () => {
  const here = `file://${import.meta.path}`;
  for (const url of ["", "nonsense", "http://", "ftp://127.0.0.1/", "data:text/plain,x", here]) {
    expect(await post(url)).toEqual({ type: "failure", kind: "refused", detail: "bad_address" });
  }
});

describe("a failure after the connection stood", () => {
  test("is no answer when the connection ends before, while or after the request is read", async () => {
    const behaviours: readonly RawBehaviour[] = [
      { onOpen: (socket) => socket.terminate() },
      { onOpen: (socket) => socket.end() },
      { onRequest: (socket) => socket.terminate() },
      { onRequest: (socket) => socket.end() },
    ];
    for (const behaviour of behaviours)
      expect(await post(server(behaviour).url)).toEqual(noAnswer("connection_lost"));
  });

  test("is no answer when the answer is cut, in its head or its body", async () => {
    const cuts = [
      "HTTP/1.1 200 O",
      `${ok}Content-Length: 50\r\n\r\n{"half`,
      `${ok}Transfer-Encoding: chunked\r\n\r\n6\r\n{"half\r\n`,
    ];
    for (const cut of cuts) {
      for (const then of ["end", "reset"] as const)
        expect(await post(answering(cut, then).url)).toEqual(noAnswer("connection_lost"));
    }
  });

  test("is no answer when the answer makes no sense", async () => {
    expect(await post(answering("garbage\r\n\r\n", "end").url)).toEqual(
      noAnswer("connection_lost"),
    );
    expect(
      await post(answering(`${ok}Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde`).url),
    ).toEqual(noAnswer("answer_unreadable"));
    expect(
      await post(answering("HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n").url),
    ).toMatchObject({ kind: "no_answer" });
  });

  test("is no answer when the server does not speak TLS", async () => {
    const { url } = answering("HTTP/1.1 400 Bad\r\n\r\n", "end");
    expect(await post(url.replace("http:", "https:"))).toMatchObject({
      type: "failure",
      kind: "no_answer",
    });
  });

  test("is no answer when the answer is larger than the limit, announced or not, compressed or not", async () => {
    const zipped = Bun.gzipSync(Buffer.alloc(1_000_000));
    const head = new TextEncoder().encode(
      `${ok}Content-Encoding: gzip\r\nContent-Length: ${zipped.length}\r\n\r\n`,
    );
    for (const large of [
      `${ok}Content-Length: 3000\r\n\r\n${"x".repeat(3_000)}`,
      `${ok}Transfer-Encoding: chunked\r\n\r\nbb8\r\n${"x".repeat(3_000)}\r\n0\r\n\r\n`,
      Buffer.concat([head, zipped]),
    ]) {
      expect(await post(answering(large).url)).toEqual(noAnswer("answer_too_large"));
    }
  });
});

describe("the timeout", () => {
  test("bounds a server that never answers, stops in the head or stops in the body", async () => {
    for (const text of [
      "",
      "HTTP/1.1 200 OK\r\nContent-",
      `${ok}Content-Length: 50\r\n\r\n{"half`,
    ]) {
      const { result, tookMs } = await timed(post(answering(text).url, shortMs));
      expect(result).toEqual(noAnswer("timeout"));
      expect(tookMs).toBeGreaterThan(shortMs * 0.9);
      expect(tookMs).toBeLessThan(shortMs * 10);
    }
  });
});

describe("connections", () => {
  test("one is used for calls that follow each other", async () => {
    const { url, seen } = answering(`${ok}Content-Length: 2\r\n\r\nok`);
    for (let call = 0; call < 5; call += 1) await post(url);
    expect(seen.map(({ connection }) => connection)).toEqual([1, 1, 1, 1, 1]);
  });

  test("a request that was read on a used connection, which then died, is not sent again", async () => {
    for (const how of ["end", "terminate"] as const) {
      const { url, seen } = server({
        onRequest: (socket, request) =>
          request === 1 ? socket.write(`${ok}Content-Length: 2\r\n\r\nok`) : socket[how](),
      });
      expect(await post(url)).toMatchObject({ status: 200 });
      expect(await post(url)).toEqual(noAnswer("connection_lost"));
      expect(seen.map(({ connection, request }) => [connection, request])).toEqual([
        [1, 1],
        [1, 2],
      ]);
    }
  });
});

describe("a question", () => {
  const get = (url: string) =>
    client.get({ url, headers: { Authorization: "canary" }, timeoutMs: longMs });

  test("goes out without a body and ends as a post does", async () => {
    const seen: { method: string; length: string | null; authorization: string | null }[] = [];
    const listener = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: ({ method, headers }) => {
        const [length, authorization] = ["content-length", "authorization"].map((name) =>
          headers.get(name),
        );
        seen.push({ method, length: length ?? null, authorization: authorization ?? null });
        return new Response('{"id":9007199254740993}', { status: 418 });
      },
    });
    opened.push({ stop: () => void listener.stop(true) });
    const answer = await get(`http://127.0.0.1:${listener.port}/object?fields=a`);
    expect(answer).toMatchObject({ status: 418, body: '{"id":9007199254740993}' });
    expect(seen).toEqual([{ method: "GET", length: null, authorization: "canary" }]);
  });

  test("that nobody hears was not asked, and one to this machine's files is refused", async () => {
    expect(await get(closedPortUrl())).toMatchObject({ type: "failure", kind: "refused" });
    expect(await get("file:///etc/hostname")).toMatchObject({ detail: "bad_address" });
  });
});
