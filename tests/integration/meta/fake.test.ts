import { afterEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { AccountOptions } from "../../../src/channels/meta/fake/account.ts";
import {
  type FakeMeta,
  type FakeMetaOptions,
  startFakeMeta,
} from "../../../src/channels/meta/fake/platform.ts";
import { createVerify } from "../../../src/channels/meta/signature.ts";
import { createWhatsApp } from "../../../src/channels/meta/whatsapp/whatsapp.ts";
import { createHttpClient } from "../../../src/platform/http/client.ts";
import {
  metaSecrets,
  readBody,
  whatsAppAccount,
  whatsAppBusiness,
  whatsAppNumber,
} from "../../support/meta-accounts.ts";

/** The judge judged: what the fake promises to those who are tested against it. */
const root = join(import.meta.dir, "../../..");
const channel = createWhatsApp({ http: createHttpClient() });
const clientId = "16505551234";
const running: { stop: () => unknown }[] = [];

afterEach(async () => {
  for (const one of running.splice(0).toReversed()) await one.stop();
});

type Post = { readonly body: string; readonly headers: Headers };

/** Keeps what is posted; answers the first posts with the given statuses, the others with 200. */
function openReceiver(...statuses: number[]) {
  const posts: Post[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      posts.push({ body: await request.text(), headers: request.headers });
      return new Response("ok", { status: statuses[posts.length - 1] ?? 200 });
    },
  });
  running.push({ stop: () => server.stop(true) });
  return { url: `http://127.0.0.1:${server.port}`, posts };
}

async function open(
  webhookUrl: string,
  options: Partial<FakeMetaOptions> = {},
  account: Partial<AccountOptions> = {},
): Promise<FakeMeta> {
  const platform = await startFakeMeta({
    accounts: [
      {
        product: "whatsapp",
        id: whatsAppNumber,
        businessId: whatsAppBusiness,
        token: metaSecrets.token,
        appSecret: metaSecrets["app-secret"],
        webhookUrl,
        ...account,
      },
    ],
    ...options,
  });
  running.push(platform);
  return platform;
}

function call(
  platform: FakeMeta,
  path: string,
  init: RequestInit = {},
  token: string = metaSecrets.token,
) {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  return fetch(`${platform.url}${path}`, { ...init, headers });
}

const text = { messaging_product: "whatsapp", to: clientId, type: "text", text: { body: "Hi" } };

function send(platform: FakeMeta, message: object) {
  const path = `/v23.0/${whatsAppNumber}/messages`;
  return call(platform, path, { method: "POST", body: JSON.stringify(message) });
}

async function codeOf(answer: Response): Promise<unknown> {
  const { error }: { error?: { code: number } } = JSON.parse(await answer.text());
  return error?.code ?? null;
}

describe("a webhook", () => {
  test("is posted until it is acknowledged, with the same bytes and the same signature", async () => {
    const receiver = openReceiver(503, 401);
    const platform = await open(receiver.url, { retryScheduleMs: [1, 1, 1, 1] });
    const said = await platform.say({ clientId, text: "Ängström 🍜" });
    expect(said).toMatchObject({ acknowledged: true, attempts: 3 });
    const [first, ...others] = receiver.posts;
    expect(others.map(({ body }) => body)).toEqual([first?.body ?? "", first?.body ?? ""]);
    expect(first?.body).toMatch(/^[\x20-\x7e]+$/);
    for (const { body, headers } of receiver.posts)
      expect(
        createVerify()({ headers, body: new TextEncoder().encode(body) }, whatsAppAccount),
      ).toEqual({ ok: true });
  });

  test("of a batch holds everything that happened in its time, in two entries", async () => {
    const receiver = openReceiver();
    const platform = await open(receiver.url);
    await platform.control({ do: "settings", batchMs: 50 });
    await Promise.all(
      ["1", "2", "3", "US.4"].map((id) => platform.say({ clientId: id, text: `from ${id}` })),
    );
    expect(receiver.posts).toHaveLength(1);
    const body: { entry: unknown[] } = JSON.parse(receiver.posts[0]?.body ?? "{}");
    expect(body.entry).toHaveLength(2);
    const events = readBody(channel, whatsAppAccount, body);
    expect(events.map((event) => ("subject" in event ? event.subject : null))).toMatchObject(
      ["1", "2", "3", "US.4"].map((identity) => ({ identity })),
    );
  });

  test("is duplicated and delayed as it is told", async () => {
    const receiver = openReceiver();
    const platform = await open(receiver.url);
    const disturbance = { mode: "duplicate", copies: 3 };
    await platform.control({ do: "webhooks", disturbance, next: 1 });
    await platform.say({ clientId, text: "Hi" });
    await platform.say({ clientId, text: "Hi" });
    await platform.idle();
    expect(receiver.posts).toHaveLength(4);
  });
});

describe("a send", () => {
  test("is refused by the documented rules, with the documented code", async () => {
    const platform = await open("http://127.0.0.1:9", { retryScheduleMs: [] });
    const interactive = (value: object) => ({ ...text, type: "interactive", interactive: value });
    const reply = (id: string, title: string) => ({ type: "reply", reply: { id, title } });
    const buttons = (...list: object[]) =>
      interactive({ type: "button", body: { text: "Choose" }, action: { buttons: list } });
    const cases: readonly (readonly [object, number])[] = [
      [{}, 100],
      [{ ...text, to: undefined }, 131008],
      [{ ...text, recipient_type: "crowd" }, 131008],
      [{ ...text, type: "poem" }, 131051],
      [{ ...text, text: { body: "" } }, 100],
      [{ ...text, text: { body: "x".repeat(4_097) } }, 100],
      [{ ...text, biz_opaque_callback_data: "x".repeat(513) }, 100],
      [{ ...text, type: "image", image: { link: "ftp://a.example/1" } }, 100],
      [{ ...text, type: "audio", audio: { id: "1", caption: "words" } }, 100],
      [{ ...text, type: "location", location: { latitude: "91", longitude: "0" } }, 100],
      [{ ...text, type: "template", template: { name: "hello" } }, 100],
      [buttons(), 100],
      [buttons(reply("1", "x".repeat(21))), 100],
      [buttons(reply("1", "A"), reply("1", "B")), 100],
      [buttons(...["1", "2", "3", "4"].map((id) => reply(id, id))), 100],
    ];
    for (const [message, code] of cases)
      expect([message, await codeOf(await send(platform, message))]).toEqual([message, code]);
    expect(platform.log.since(0).filter(({ kind }) => kind === "send")).toEqual([]);
    expect(await codeOf(await send(platform, text))).toBeNull();
  });

  test("over the account's limit is refused and takes no place in the window", async () => {
    const rateLimit = { count: 2, windowMs: 60_000 };
    const platform = await open("http://127.0.0.1:9", { retryScheduleMs: [] }, { rateLimit });
    const codes: unknown[] = [];
    for (let n = 0; n < 4; n += 1) codes.push(await codeOf(await send(platform, text)));
    expect(codes).toEqual([null, null, 130429, 130429]);
    expect(platform.stats()).toMatchObject([
      { arrivals: 4, accepted: 2, refusedOverLimit: 2, violations: 2 },
    ]);
  });

  test("with a token that nobody has is refused before it arrives", async () => {
    const platform = await open("http://127.0.0.1:9");
    const answer = await call(platform, "/v23.0/1/messages", { method: "POST" }, "another");
    expect([answer.status, await codeOf(answer)]).toEqual([401, 190]);
    expect(platform.arrivals("account-1")).toEqual([]);
  });
});

test("a file is handed out to who knows its id and has the token", async () => {
  const source = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("bytes") });
  running.push({ stop: () => source.stop(true) });
  const receiver = openReceiver();
  const platform = await open(receiver.url);
  await platform.say({ clientId, photo: `http://127.0.0.1:${source.port}/1.jpg` });
  const id = /"image":\{"id":"(\d+)"/.exec(receiver.posts[0]?.body ?? "")?.[1];
  const { url }: { url: string } = JSON.parse(await (await call(platform, `/v23.0/${id}`)).text());
  const path = new URL(url).pathname;
  expect(await (await call(platform, path)).text()).toBe("bytes");
  expect((await fetch(url)).status).toBe(401);
});

describe("POST /__control", () => {
  test("carries out commands, and says what is wrong with those that are none", async () => {
    const receiver = openReceiver();
    const platform = await open(receiver.url);
    const control = async (command: unknown) => {
      const answer = await fetch(`${platform.url}/__control`, {
        method: "POST",
        body: JSON.stringify(command),
      });
      return [answer.status, JSON.parse(await answer.text())];
    };
    expect(await control({ do: "say", clientId, text: "Hi" })).toMatchObject([
      200,
      { ok: true, result: { acknowledged: true } },
    ]);
    const wrong: readonly unknown[] = [
      7,
      {},
      { do: "say" },
      { do: "say", clientId, by: "nobody" },
      { do: "say", clientId, location: {} },
      { do: "fate", clientId },
      { do: "hook" },
      { do: "sends", fault: { mode: "rudeness" } },
      { do: "webhooks", disturbance: { mode: "rain" } },
      { do: "say", account: "another", clientId, text: "Hi" },
    ];
    for (const command of wrong) expect(await control(command)).toMatchObject([400, { ok: false }]);
    expect(receiver.posts).toHaveLength(1);
  });
});

describe("scripts/meta-platform.ts", () => {
  const start = (accounts: unknown) =>
    Bun.spawn([process.execPath, "scripts/meta-platform.ts"], {
      cwd: root,
      stdout: "pipe",
      stderr: "pipe",
      env: { PATH: process.env["PATH"] ?? "", FAKE_META_ACCOUNTS: JSON.stringify(accounts) },
    });
  const account = { product: "messenger", id: "1", token: "t", appSecret: "s" };

  test("says its port in one line and stops on SIGTERM", async () => {
    const child = start([{ ...account, webhookUrl: "http://127.0.0.1:9", name: "page" }]);
    const { value } = await child.stdout.getReader().read();
    const { ready, port } = JSON.parse(new TextDecoder().decode(value));
    expect(ready).toBe(true);
    const stats = await fetch(`http://127.0.0.1:${port}/__stats`);
    expect(await stats.json()).toMatchObject({ accounts: [{ account: "page" }] });
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
  });

  test("says what is missing", async () => {
    for (const [accounts, missing] of [
      [[], "FAKE_META_ACCOUNTS"],
      [[account], "webhookUrl"],
      [[{ ...account, product: "fax" }], "product"],
    ] as const) {
      const child = start(accounts);
      expect(await new Response(child.stderr).text()).toContain(missing);
      expect(await child.exited).toBe(2);
    }
  });
});
