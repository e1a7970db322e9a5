import { connect, createServer, type Socket } from "node:net";

/** A wire between a program and its server, at one port for ever, that a test can let hang or lead to another port. */
export type TcpProxy = {
  readonly port: number;
  /** Nothing goes through any more, in either direction; every connection stays open and new ones are accepted. */
  readonly hang: () => Promise<void>;
  /** Everything goes through again, also what was held back; new connections lead to `target` when it is given. */
  readonly pass: (target?: number) => Promise<void>;
  readonly close: () => Promise<void>;
};

type Pair = { readonly near: Socket; far: Socket | null };

/** Opens a wire to a port of loopback; it passes at once. */
export async function openTcpProxy(firstTarget: number): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  let target = firstTarget;
  let hanging = false;

  const end = (pair: Pair): void => {
    pairs.delete(pair);
    pair.near.destroy();
    pair.far?.destroy();
  };

  const lead = (pair: Pair): void => {
    const far = connect({ host: "127.0.0.1", port: target, noDelay: true });
    pair.far = far;
    far.on("error", () => end(pair));
    far.on("close", () => end(pair));
    pair.near.pipe(far);
    far.pipe(pair.near);
  };

  const server = createServer({ noDelay: true }, (near) => {
    const pair: Pair = { near, far: null };
    pairs.add(pair);
    near.on("error", () => end(pair));
    near.on("close", () => end(pair));
    if (!hanging) lead(pair);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the wire has no port");

  return {
    port: address.port,
    hang: async () => {
      hanging = true;
      for (const { near, far } of pairs) {
        if (far === null) continue;
        near.unpipe(far);
        far.unpipe(near);
        near.pause();
        far.pause();
      }
    },
    pass: async (next) => {
      target = next ?? target;
      hanging = false;
      for (const pair of pairs) {
        if (pair.far === null) lead(pair);
        else {
          pair.near.pipe(pair.far);
          pair.far.pipe(pair.near);
        }
      }
    },
    close: async () => {
      for (const pair of [...pairs]) end(pair);
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}
