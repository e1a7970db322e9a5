import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Served = (request: IncomingMessage, response: ServerResponse) => void;

/** Somebody's server of files, on a free port of the loopback, that behaves as its paths say. */
export type FileServer = {
  readonly url: string;
  readonly port: number;
  /** What was asked for, in order. */
  readonly seen: readonly {
    readonly path: string;
    readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  }[];
  /** Connections that are open now. */
  readonly connections: () => number;
  readonly close: () => Promise<void>;
};

/** Starts it; a path that is not named is answered 404. */
export async function startFileServer(
  paths: Readonly<Record<string, Served>>,
): Promise<FileServer> {
  const seen: FileServer["seen"][number][] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    seen.push({ path, headers: { ...request.headers } });
    const served = paths[path];
    if (served === undefined) response.writeHead(404).end();
    else served(request, response);
  });
  server.on("connection", (socket) => {
    connections += 1;
    socket.once("close", () => {
      connections -= 1;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    seen,
    connections: () => connections,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Bytes with their length. */
export function serving(
  body: Uint8Array | string,
  headers: Readonly<Record<string, string>> = {},
): Served {
  return (_request, response) =>
    void response
      .writeHead(200, { "Content-Length": Buffer.byteLength(body), ...headers })
      .end(body);
}

/** A status alone. */
export function answering(status: number, headers: Readonly<Record<string, string>> = {}): Served {
  return (_request, response) => void response.writeHead(status, headers).end();
}

/** The beginning of an answer, and then silence. */
export function stalling(body: Uint8Array | string): Served {
  return (_request, response) =>
    void response.writeHead(200, { "Content-Length": 1_000_000 }).write(body);
}

/** The beginning of an answer, and then the end of the connection. */
export function dying(
  body: Uint8Array | string,
  headers: Readonly<Record<string, string>>,
): Served {
  return (_request, response) => {
    response.writeHead(200, headers);
    response.write(body, () => response.destroy());
  };
}

/** Bytes without an end, as fast as they are taken. */
export function endless(): Served {
  const chunk = new Uint8Array(65_536);
  return (_request, response) => {
    response.writeHead(200);
    const more = (): void => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on("drain", more);
    more();
  };
}
