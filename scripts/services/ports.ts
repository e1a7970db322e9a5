import { connect, createServer } from "node:net";
import { CannotStart, errorCode } from "./service.ts";

const connectTimeoutMs = 1_000;

/** Opens a port and closes it again: resolves with its number, rejects with the operating system's error. */
function tryListen(port: number, host: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const server = createServer();
  server.once("error", reject);
  server.listen({ port, host }, () => {
    const address = server.address();
    const found = typeof address === "object" && address !== null ? address.port : port;
    server.close(() => resolve(found));
  });
  return promise;
}

/** A port of the loopback interface that nobody uses at this moment. */
export function freePort(): Promise<number> {
  return tryListen(0, "127.0.0.1");
}

/** Whether somebody answers there. On macOS a port can be opened on all addresses while one of them is taken. */
function answers(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ port, host: "127.0.0.1", timeout: connectTimeoutMs });
  const end = (open: boolean) => {
    socket.destroy();
    resolve(open);
  };
  socket.once("connect", () => end(true));
  socket.once("error", () => end(false));
  socket.once("timeout", () => end(false));
  return promise;
}

/** Rejects with a `CannotStart` that names what to do when Hookdesk could not listen there. */
export async function requireFreePort(port: number, host: string): Promise<void> {
  if (await answers(port)) throw portTaken(port);
  try {
    await tryListen(port, host);
  } catch (error) {
    const code = errorCode(error);
    if (code === "EADDRINUSE") throw portTaken(port);
    if (code === "EACCES") {
      throw new CannotStart(
        `Port ${port} needs root. Choose one from 1024 up: PORT=3001 npm start`,
      );
    }
    throw new CannotStart(`Hookdesk cannot listen on ${host}, port ${port} (${code}). Check HOST.`);
  }
}

function portTaken(port: number): CannotStart {
  return new CannotStart(
    `Port ${port} is taken by another program. Stop it, or choose another port: PORT=${port + 1} npm start`,
  );
}
