/** A link between a program and its server, so that a test can cut the connection at the worst moment. */
export type PostgresLink = {
  readonly url: string;
  /** What the server says from now on is swallowed; what it is told still arrives. */
  readonly muteServer: () => void;
  /** What the server is told from now on is swallowed. */
  readonly muteClient: () => void;
  /** Ends every connection now; later ones work again. */
  readonly cut: () => void;
  readonly close: () => void;
};

type Ends = { client: Bun.Socket<Ends> | null; server: Bun.Socket<Ends> | null; early: Buffer[] };

/** Starts a proxy in front of the server of `url`. */
export function startPostgresLink(url: string): PostgresLink {
  const target = new URL(url);
  const connections = new Set<Ends>();
  let serverMuted = false;
  let clientMuted = false;

  const end = (ends: Ends): void => {
    connections.delete(ends);
    ends.client?.end();
    ends.server?.end();
  };

  const connect = (ends: Ends): void => {
    Bun.connect<Ends>({
      hostname: target.hostname,
      port: Number(target.port),
      data: ends,
      socket: {
        open: (server) => {
          ends.server = server;
          for (const chunk of ends.early.splice(0)) server.write(chunk);
        },
        data: (server, chunk) => {
          if (!serverMuted) server.data.client?.write(chunk);
        },
        close: () => end(ends),
        error: () => end(ends),
      },
    }).catch(() => end(ends));
  };

  const listener = Bun.listen<Ends>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: (client) => {
        client.data = { client, server: null, early: [] };
        connections.add(client.data);
        connect(client.data);
      },
      data: (client, chunk) => {
        if (clientMuted) return;
        if (client.data.server === null) client.data.early.push(Buffer.from(chunk));
        else client.data.server.write(chunk);
      },
      close: (client) => end(client.data),
      error: (client) => end(client.data),
    },
  });

  const proxied = new URL(url);
  proxied.hostname = "127.0.0.1";
  proxied.port = String(listener.port);
  return {
    url: proxied.href,
    muteServer: () => {
      serverMuted = true;
    },
    muteClient: () => {
      clientMuted = true;
    },
    cut: () => {
      serverMuted = false;
      clientMuted = false;
      for (const ends of [...connections]) end(ends);
    },
    close: () => {
      for (const ends of [...connections]) end(ends);
      listener.stop(true);
    },
  };
}
