import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { connect, createServer, type Server, type Socket } from "node:net";
import { FaultProxy } from "../../../scripts/drill/fault-proxy.ts";
import { eventually } from "../../support/eventually.ts";

/** A server that says every byte again and remembers what it heard. */
let server: Server;
let heard = "";
let proxy: FaultProxy;
let port: number;

type Client = {
  readonly socket: Socket;
  readonly got: () => string;
  readonly closed: () => boolean;
};

beforeEach(async () => {
  heard = "";
  server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      heard += bytes.toString();
      socket.write(bytes);
    });
  });
  const { promise, resolve } = Promise.withResolvers<number>();
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    resolve(typeof address === "object" && address !== null ? address.port : 0);
  });
  proxy = new FaultProxy("test", await promise);
  port = await proxy.open();
});

afterEach(() => {
  proxy.close();
  server.close();
});

function open(): Client {
  const socket = connect({ port, host: "127.0.0.1" });
  let got = "";
  let closed = false;
  socket.on("error", () => undefined);
  socket.on("data", (bytes) => {
    got += bytes.toString();
  });
  socket.on("close", () => {
    closed = true;
  });
  return { socket, got: () => got, closed: () => closed };
}

async function speaking(): Promise<Client> {
  const client = open();
  client.socket.write("one ");
  await eventually("the proxy passes bytes both ways", () => client.got() === "one ");
  return client;
}

describe("a proxy", () => {
  test("that holds lets bytes arrive late, also those of a client that has gone", async () => {
    const client = await speaking();
    proxy.set({ type: "hold" });
    client.socket.end("two");
    await eventually("the proxy has them", () => proxy.touched > 0);
    expect(heard).toBe("one ");
    proxy.heal();
    await eventually("they arrive", () => heard === "one two");
  });

  test("that delays keeps the order of bytes, also when it is healed meanwhile", async () => {
    const client = await speaking();
    proxy.set({ type: "delay", ms: 200 });
    client.socket.write("two ");
    await eventually("the proxy has them", () => proxy.touched > 0);
    expect(heard).toBe("one ");
    proxy.heal();
    client.socket.write("three");
    await eventually("they come back", () => client.got() === "one two three");
  });

  test("that drops loses bytes and breaks the connection when it is over", async () => {
    const client = await speaking();
    proxy.set({ type: "drop" });
    client.socket.write("two");
    await eventually("the proxy has them", () => proxy.touched > 0);
    proxy.heal();
    await eventually("the connection is broken", client.closed);
    expect(heard).toBe("one ");
  });

  test("that refuses resets connections, those that stand and new ones", async () => {
    const client = await speaking();
    proxy.set({ type: "refuse" });
    await eventually("the old one is reset", client.closed);
    await eventually("a new one is reset", open().closed);
    proxy.heal();
    await speaking();
  });

  test("that eats an answer passes the request on, once, and leaves others alone", async () => {
    const client = await speaking();
    const other = await speaking();
    proxy.eatAnswers("commit", 1);
    client.socket.write("commit it");
    await eventually("the client never learns", client.closed);
    expect(heard).toContain("commit it");
    expect(client.got()).toBe("one ");
    other.socket.write("commit me");
    await eventually("the next is answered", () => other.got() === "one commit me");
  });

  test("goes to another port when it is told to, for new connections", async () => {
    proxy.aim(1);
    const client = open();
    await eventually("nobody is there", client.closed);
  });
});
