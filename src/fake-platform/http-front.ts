import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { gunzipSync } from "node:zlib";

/**
 * The socket side of the fake. `node:http` and not `Bun.serve`, because a judge must be able to destroy the caller's
 * connection at any moment, which a fetch handler cannot do; it costs about 30 microseconds more per call.
 */

export type Answer = {
  readonly status: number;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
};

/** One request of a caller and what may be done with it. */
export type Exchange = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly header: (name: string) => string | null;
  readonly fromLoopback: boolean;
  /** Reads the whole body; rejects when the caller leaves or sends too much. */
  readonly read: () => Promise<string>;
  /** Resolves when the answer has left or the caller is gone. */
  readonly answer: (answer: Answer) => Promise<void>;
  /** Destroys the connection without an answer. */
  readonly cut: () => void;
};

export type HttpFront = { readonly port: number; readonly close: () => Promise<void> };

const BODY_BYTES_MAX = 4 * 1024 * 1024;
/** Longer than any caller keeps a connection, so that the fake never closes one in the moment it is used again. */
const KEEP_ALIVE_MS = 120_000;
const LOOPBACK: readonly string[] = ["127.0.0.1", "::1", "::ffff:127.0.0.1"];

/** Listens on loopback; port 0 takes a free one. Rejects when the port is taken. */
export function openHttpFront(
  port: number,
  handle: (exchange: Exchange) => Promise<void>,
): Promise<HttpFront> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    const exchange = exchangeOf(request, response);
    handle(exchange).catch((error: unknown) => exchange.answer(failure(error)));
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      resolve({ port: portOf(server), close: () => close(server) });
    });
  });
}

function exchangeOf(request: IncomingMessage, response: ServerResponse): Exchange {
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  return {
    method: request.method ?? "GET",
    path: url.pathname,
    query: url.searchParams,
    header: (name) => String(request.headers[name] ?? "") || null,
    fromLoopback: LOOPBACK.includes(request.socket.remoteAddress ?? ""),
    read: () => readBody(request),
    answer: (answer) => writeAnswer(response, answer),
    cut: () => {
      request.socket.destroy();
    },
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    const chunk = Buffer.from(part);
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new Error("the body is too large");
    parts.push(chunk);
  }
  const body = Buffer.concat(parts);
  const zipped = request.headers["content-encoding"] === "gzip";
  return (zipped ? gunzipSync(body, { maxOutputLength: BODY_BYTES_MAX }) : body).toString("utf8");
}

function writeAnswer(response: ServerResponse, answer: Answer): Promise<void> {
  if (response.headersSent || response.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    response.once("close", resolve);
    response.writeHead(answer.status, {
      "content-type": "application/json; charset=utf-8",
      ...answer.headers,
    });
    response.end(answer.body, () => resolve());
  });
}

function failure(error: unknown): Answer {
  const reason = error instanceof Error ? error.message : String(error);
  return {
    status: 500,
    body: JSON.stringify({ status: "error", message: `fake failed: ${reason}` }),
  };
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
