/**
 * A TCP proxy of one connection between two parts, which can be made to fail.
 *
 *   passing ──hold──▶ holding (bytes wait, as in a partition that the network makes good) ──heal──▶ passing, late bytes arrive
 *      │ ├──drop──▶ dropping (bytes vanish) ──heal──▶ passing; connections that lost bytes are reset
 *      │ ├──refuse──▶ refusing (connections are reset, new ones too) ──heal──▶ passing
 *      │ └──delay──▶ delaying (each chunk so many ms) ──heal──▶ passing
 *      └──eat──▶ the next request that holds a word is passed on, and its connection is reset when the answer begins
 */
import { connect, createServer, type Server, type Socket } from "node:net";

export type ProxyMode =
  | { readonly type: "pass" | "hold" | "drop" | "refuse" }
  | { readonly type: "delay"; readonly ms: number };

type Bite = { readonly word: Buffer; left: number };
type Pair = {
  readonly client: Socket;
  readonly server: Socket;
  /** Bytes and ends that wait, in order. */
  readonly held: (() => void)[];
  lost: boolean;
  eaten: boolean;
};

const passing: ProxyMode = { type: "pass" };

/** One proxy: it listens on a free port of loopback and connects to a port that may change. */
export class FaultProxy {
  readonly name: string;
  #mode: ProxyMode = passing;
  #targetPort: number;
  #server: Server | null = null;
  readonly #pairs = new Set<Pair>();
  #bites: readonly Bite[] = [];
  /** Chunks and connections that the present fault touched: proof that it fired. */
  touched = 0;

  constructor(name: string, targetPort: number) {
    this.name = name;
    this.#targetPort = targetPort;
  }

  /** Resolves with the port on which it listens. */
  async open(): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
    this.#server = server;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
    return promise;
  }

  close(): void {
    this.#server?.close();
    this.reset();
  }

  /** New connections go there from now on. */
  aim(port: number): void {
    this.#targetPort = port;
  }

  set(mode: ProxyMode): void {
    this.#mode = mode;
    if (mode.type === "refuse") this.reset();
  }

  heal(): void {
    this.#mode = passing;
    this.#bites = [];
    for (const pair of [...this.#pairs]) {
      for (const release of pair.held.splice(0)) release();
      if (pair.lost) cut(pair);
    }
  }

  /** Resets every connection. */
  reset(): void {
    for (const pair of [...this.#pairs]) {
      this.touched += 1;
      cut(pair);
    }
  }

  /** The answers to the next so many requests that hold this word never arrive. */
  eatAnswers(word: string, times: number): void {
    this.#bites = [...this.#bites, { word: Buffer.from(word), left: times }];
  }

  #accept(client: Socket): void {
    client.on("error", () => undefined);
    if (this.#mode.type === "refuse") {
      this.touched += 1;
      client.resetAndDestroy();
      return;
    }
    const server = connect({ port: this.#targetPort, host: "127.0.0.1", allowHalfOpen: true });
    server.on("error", () => undefined);
    const pair: Pair = { client, server, held: [], lost: false, eaten: false };
    this.#pairs.add(pair);
    client.setNoDelay(true);
    server.setNoDelay(true);
    client.on("data", (bytes) => this.#fromClient(pair, Buffer.from(bytes)));
    server.on("data", (bytes) => this.#fromServer(pair, Buffer.from(bytes)));
    this.#tieEnds(pair, client, server);
    this.#tieEnds(pair, server, client);
  }

  #tieEnds(pair: Pair, from: Socket, to: Socket): void {
    from.on("end", () => this.#pass(pair, () => to.end()));
    from.on("close", (failed) => {
      this.#pass(pair, () => (failed ? to.destroy() : to.end()));
      if (from.destroyed && to.destroyed) this.#pairs.delete(pair);
    });
  }

  #fromClient(pair: Pair, bytes: Buffer): void {
    if (this.#mode.type !== "pass") this.touched += 1;
    const bite = this.#bites.find(({ word, left }) => left > 0 && bytes.includes(word));
    if (bite !== undefined) {
      bite.left -= 1;
      pair.eaten = true;
    }
    this.#forward(pair, () => pair.server.write(bytes));
  }

  #fromServer(pair: Pair, bytes: Buffer): void {
    if (this.#mode.type !== "pass") this.touched += 1;
    if (pair.eaten) {
      this.touched += 1;
      cut(pair);
      return;
    }
    this.#forward(pair, () => pair.client.write(bytes));
  }

  #forward(pair: Pair, write: () => void): void {
    if (this.#mode.type === "drop") pair.lost = true;
    else this.#pass(pair, write);
  }

  #pass(pair: Pair, act: () => void): void {
    switch (this.#mode.type) {
      case "hold":
        pair.held.push(act);
        return;
      case "delay":
        pair.held.push(act);
        setTimeout(() => releaseUntil(pair, act), this.#mode.ms);
        return;
      default:
        act();
    }
  }
}

/** Lets go what waits up to here, in order; what healing has let go already is not repeated. */
function releaseUntil(pair: Pair, act: () => void): void {
  const place = pair.held.indexOf(act);
  for (const release of pair.held.splice(0, place + 1)) release();
}

function cut({ client, server }: Pair): void {
  client.resetAndDestroy();
  server.resetAndDestroy();
}
