import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Plan } from "../../../scripts/bench/load/commands.ts";
import { type Generator, startGenerator } from "../../../scripts/bench/load/generator-process.ts";
import { isSignedWith } from "../../../src/channels/chat2desk/signature.ts";

const token = "bench-test-token";
const texts = ["Your address?", "Your phone?", "How many?"];
type Inbox = { readonly client_id: number; readonly message_id: number };
type Update = {
  readonly message: { readonly message_id: number; readonly chat: { readonly id: number } };
};

let folder: string;
let generator: Generator;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "hookdesk-generator-"));
  generator = await startGenerator(join(folder, "generator.log"));
});

afterAll(async () => {
  await generator.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A server that takes webhooks with `take`, until the test is over. */
function bot(take: (request: Request) => Promise<Response>) {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: take });
  return { port: Number(server.port), [Symbol.dispose]: () => void server.stop(true) };
}

function planFor(port: number, given: Partial<Plan> = {}): Plan {
  return {
    target: { port, paths: ["/a", "/b"], dialect: "chat2desk", token },
    clients: { first: 100, count: 10, stride: 1 },
    from: 0,
    to: 3,
    redeliver: false,
    keepArrivals: false,
    ...given,
  };
}

describe("the generator", () => {
  test("posts signed webhooks to its paths in turn and judges the replies at its Chat2Desk", async () => {
    const paths = new Map<string, number>();
    let unsigned = 0;
    const key = new Bun.CryptoHasher("md5").update(token).digest("hex");
    using server = bot(async (request) => {
      const body = new Uint8Array(await request.arrayBuffer());
      const path = new URL(request.url).pathname;
      paths.set(path, (paths.get(path) ?? 0) + 1);
      const signature = request.headers.get("x-signature") ?? "";
      const timestamp = request.headers.get("x-timestamp") ?? "";
      if (!isSignedWith(key, { signature, timestamp, body })) unsigned += 1;
      const { client_id, message_id }: Inbox = JSON.parse(new TextDecoder().decode(body));
      const text = texts[message_id % 100_000];
      const reply = await fetch(`${generator.sinkUrl}/v1/messages`, {
        method: "POST",
        body: JSON.stringify({ client_id, text }),
      });
      expect(await reply.json()).toMatchObject({ status: "success", data: { client_id } });
      return new Response("ok");
    });
    const load = await generator.prepare(planFor(server.port));
    const posted = await load.post({ type: "walk", concurrency: 4, next: "acknowledged" });
    expect(posted).toMatchObject({ messages: 30, refused: 0 });
    expect(await load.settle()).toMatchObject({ answered: 30, brokenDialogs: 0 });
    expect(unsigned).toBe(0);
    expect(Object.fromEntries(paths)).toEqual({ "/a": 15, "/b": 15 });
  });

  test("speaks Telegram, and notices a reply that never comes", async () => {
    using server = bot(async (request) => {
      const { message }: Update = JSON.parse(await request.text());
      const number = message.message_id % 100_000;
      if (message.chat.id === 105 && number === 2) return new Response("ok");
      const reply = await fetch(`${generator.sinkUrl}/bot1:a/sendMessage`, {
        method: "POST",
        body: JSON.stringify({ chat_id: message.chat.id, text: texts[number] }),
      });
      expect(await reply.json()).toMatchObject({
        ok: true,
        result: { chat: { id: message.chat.id } },
      });
      return new Response("ok");
    });
    const load = await generator.prepare(
      planFor(0, { target: { port: server.port, paths: ["/"], dialect: "telegram", token: "" } }),
    );
    await load.post({ type: "rotate", concurrency: 4 });
    const patienceMs = 300;
    expect(await load.settle(patienceMs)).toMatchObject({
      answered: 29,
      missingReplies: 1,
      brokenDialogs: 1,
    });
  });

  test("at a rate goes on posting while nothing is answered, and counts from the instants laid down before", async () => {
    let arrived = 0;
    const crowd = Promise.withResolvers<void>();
    using server = bot(async (request) => {
      await request.arrayBuffer();
      arrived += 1;
      if (arrived === 100) crowd.resolve();
      await crowd.promise;
      return new Response("ok");
    });
    const clients = { first: 1_000, count: 150, stride: 1 };
    const load = await generator.prepare(planFor(server.port, { clients, to: 1 }));
    const posted = await load.post({ type: "rate", perSecond: 500 });
    await load.forget();
    // The first waits until the hundredth is due, 198 ms later.
    expect(posted.ackMs.max).toBeGreaterThan(150);
    expect(posted.messages).toBe(150);
  });

  test("takes a server that hangs up for a refusal", async () => {
    const deaf = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: (socket) => void socket.end() },
    });
    const load = await generator.prepare(planFor(deaf.port, { to: 1 }));
    const posted = await load.post({ type: "rotate", concurrency: 2 });
    await load.forget();
    deaf.stop(true);
    expect(posted).toMatchObject({ messages: 10, refused: 10, unaccepted: 10 });
  });

  test("says which command failed, and goes on", async () => {
    const load = await generator.prepare(planFor(1));
    await load.forget();
    await expect(load.progress()).rejects.toThrow("there is no run");
  });
});
