import { expect, test } from "bun:test";
import { createServer } from "node:net";
import { freePort, requireFreePort } from "../../../scripts/services/ports.ts";

async function listening(host: string): Promise<{ port: number; close: () => void }> {
  const port = await freePort();
  const { promise, resolve } = Promise.withResolvers<void>();
  const server = createServer().listen({ port, host }, resolve);
  await promise;
  return { port, close: () => server.close() };
}

test("a free port is let through", async () => {
  expect(await requireFreePort(await freePort(), "0.0.0.0")).toBeUndefined();
});

test("a port that somebody holds on this machine only is taken for everybody", async () => {
  const holder = await listening("127.0.0.1");
  const outcome = requireFreePort(holder.port, "0.0.0.0");
  await expect(outcome).rejects.toThrow(`Port ${holder.port} is taken`);
  await expect(outcome).rejects.toThrow(`PORT=${holder.port + 1}`);
  holder.close();
});

test("a port that is shared between processes is taken as well", async () => {
  const server = Bun.serve({ port: 0, reusePort: true, fetch: () => new Response() });
  const port = server.port ?? 0;
  await expect(requireFreePort(port, "0.0.0.0")).rejects.toThrow("is taken");
  await server.stop(true);
});

test("an address that this machine does not have is said", async () => {
  const outcome = requireFreePort(await freePort(), "203.0.113.5");
  await expect(outcome).rejects.toThrow("Check HOST");
});
