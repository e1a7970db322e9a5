import { connect, createServer, type Server, type Socket } from "node:net";

/**
 * A wire that can be cut, in front of a server that stays as it is.
 *
 *   passing ◀──▶ refusing (connections are cut, new ones refused) ◀──▶ hanging (everything is taken, nothing is passed on)
 */
export type Wire = {
  readonly port: number;
  readonly pass: (targetPort?: number) => Promise<void>;
  readonly refuse: () => Promise<void>;
  /** Connections stay open, as with a server that is frozen or a network that drops packets. */
  readonly hang: () => Promise<void>;
  /** Connections stay open and pass nothing for ever; new ones work. As when a network forgets them, or a server moves. */
  readonly stall: () => void;
  readonly close: () => Promise<void>;
};

const host = "127.0.0.1";

/** Opens a wire from a free port of loopback. */
export async function openWire(firstTarget: number): Promise<Wire> {
  let target = firstTarget;
  let hanging = false;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  };
  const accept = (from: Socket): void => {
    keep(from);
    if (hanging) {
      from.pause();
      return;
    }
    const to = connect({ port: target, host });
    keep(to);
    from.pipe(to);
    to.pipe(from);
    from.on("close", () => to.destroy());
    to.on("close", () => from.destroy());
  };
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const stall = (): void => {
    for (const socket of sockets) {
      socket.unpipe();
      socket.pause();
    }
  };
  let server: Server | null = await listen(accept, 0);
  const port = portOf(server);
  const close = async (): Promise<void> => {
    const open = server;
    server = null;
    cut();
    if (open !== null) await new Promise((resolve) => open.close(resolve));
  };
  return {
    port,
    pass: async (targetPort = target) => {
      target = targetPort;
      hanging = false;
      cut();
      server ??= await listen(accept, port);
    },
    refuse: close,
    hang: async () => {
      hanging = true;
      server ??= await listen(accept, port);
      stall();
    },
    stall,
    close,
  };
}

function listen(accept: (socket: Socket) => void, port: number): Promise<Server> {
  const server = createServer(accept);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve(server));
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the wire has no port");
  return address.port;
}
