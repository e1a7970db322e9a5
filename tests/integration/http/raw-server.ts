import type { Socket } from "bun";

type Connection = Socket<{ requests: number }>;

export type RawServer = {
  readonly url: string;
  /** Every chunk that arrived, with the number of its connection and of the request on it. */
  readonly seen: readonly {
    readonly connection: number;
    readonly request: number;
    readonly text: string;
  }[];
  readonly stop: () => void;
};

export type RawBehaviour = {
  readonly onOpen?: (socket: Connection) => void;
  /** Called with each request; requests of these tests fit in one chunk. */
  readonly onRequest?: (socket: Connection, request: number) => void;
};

/** A TCP server that misbehaves as it is told, on a free port of the loopback. */
export function startRawServer(behaviour: RawBehaviour): RawServer {
  const seen: { connection: number; request: number; text: string }[] = [];
  const connections = new Map<Connection, number>();
  const listener = Bun.listen<{ requests: number }>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: (socket) => {
        socket.data = { requests: 0 };
        connections.set(socket, connections.size + 1);
        behaviour.onOpen?.(socket);
      },
      data: (socket, chunk) => {
        socket.data.requests += 1;
        seen.push({
          connection: connections.get(socket) ?? 0,
          request: socket.data.requests,
          text: chunk.toString(),
        });
        behaviour.onRequest?.(socket, socket.data.requests);
      },
      error: () => undefined,
    },
  });
  return { url: `http://127.0.0.1:${listener.port}`, seen, stop: () => listener.stop(true) };
}

/** A port of the loopback on which nobody listens. */
export function closedPortUrl(): string {
  const server = startRawServer({});
  server.stop();
  return server.url;
}
