import { Glob } from "bun";
import { join } from "node:path";
import { createServer } from "node:net";
import type { Account } from "../src/channels/account.ts";
import type { Channel } from "../src/channels/channel.ts";
import { createWhatsApp } from "../src/channels/meta/whatsapp/whatsapp.ts";
import { readWebhook } from "../src/channels/webhook.ts";
import { isJsonObject } from "../src/core/json.ts";
import { type OutgoingContent, plainText } from "../src/message/outgoing.ts";
import { createHttpClient, type HttpClient } from "../src/platform/http/client.ts";

/**
 * Has others judge our WhatsApp, by hand:
 *
 *   bun scripts/judge-whatsapp.ts SPEC.yaml [FOLDER OF WEBHOOKS]
 *
 * SPEC is Meta's own OpenAPI description of the Business Messaging API; prism (fetched by npx) serves it and lists every
 * violation in what we send. FOLDER holds webhooks that others have written down: each must be read without a loss. Neither is
 * part of this project. Ends with 0 when nothing is wrong.
 */

/** The specification asks for a name of this form, which no server does. */
const USER_AGENT = "hookdesk/1.0.0";
const PRISM = "@stoplight/prism-cli@5.16.0";
/** Prism reads a specification of a megabyte for half a minute. */
const READY_MS = 120_000;
const POLL_MS = 500;
const CALL_MS = 30_000;
const USAGE_EXIT_CODE = 2;
const NAME_WIDTH = 30;

const numberId = "106540352242922";
const account = (apiUrl: string): Account => ({
  apiUrl,
  credentials: {
    token: "token",
    "app-secret": "secret",
    "verify-token": "word",
    "phone-number-id": numberId,
    "waba-id": "102290129340398",
  },
});

const file = { url: "https://example.com/a.bin", name: "a.bin", caption: "" };
const buttons = (count: number) => [
  Array.from({ length: count }, (_, index) => ({ title: `Title ${index}`, data: `b${index}` })),
];

const samples: Readonly<Record<string, OutgoingContent>> = {
  text: plainText("Hello"),
  "text that answers": { ...plainText("Hello"), replyTo: "wamid.A" },
  "three buttons": { ...plainText("Choose"), buttons: buttons(3) },
  "a list": { ...plainText("Choose"), buttons: buttons(10) },
  image: { type: "image", ...file, caption: "Look" },
  "image by id": { type: "image", ...file, url: "1003383421387256" },
  video: { type: "video", ...file },
  audio: { type: "audio", ...file },
  voice: { type: "voice", ...file },
  file: { type: "file", ...file },
  sticker: { type: "sticker", ...file },
  location: { type: "location", latitude: 37.5, longitude: -122.1, name: "HQ", address: null },
  contact: { type: "contact", name: "Ann Example", phone: "+12025550123" },
  template: { type: "template", name: "hello", language: "en_US", values: ["Ann"] },
};

async function main(): Promise<void> {
  const [spec, folder] = process.argv.slice(2);
  if (spec === undefined) {
    process.stderr.write("say where the specification is: judge-whatsapp.ts SPEC.yaml [FOLDER]\n");
    process.exit(USAGE_EXIT_CODE);
  }
  const read = folder === undefined ? true : await judgeWebhooks(folder);
  const sent = await judgeSends(spec);
  process.exitCode = read && sent ? 0 : 1;
}

/** Sends one of each kind to prism and prints its verdict. */
async function judgeSends(spec: string): Promise<boolean> {
  const port = await freePort();
  const prism = Bun.spawn(
    ["npx", "--yes", PRISM, "mock", "-h", "127.0.0.1", "-p", `${port}`, spec],
    {
      stdout: "ignore",
      stderr: "ignore",
    },
  );
  try {
    const url = `http://127.0.0.1:${port}`;
    await untilOpen(url);
    return await sendAll(url);
  } finally {
    prism.kill();
    await prism.exited;
  }
}

async function sendAll(url: string): Promise<boolean> {
  const answers: string[] = [];
  const channel = createWhatsApp({ http: listening(answers), sendTimeoutMs: CALL_MS });
  let right = true;
  for (const [name, content] of Object.entries(samples)) {
    const address = JSON.stringify(["phone", "16505551234"]);
    const delivery = { id: "1-a-2", address, content, author: "bot" } as const;
    const outcome = await channel.send(delivery, account(url));
    const accepted = outcome.type === "sent";
    right &&= accepted;
    console.log(`${name.padEnd(NAME_WIDTH)}${accepted ? "accepted" : `REFUSED ${answers.at(-1)}`}`);
  }
  return right;
}

/**
 * A client that keeps what prism says against a call. Meta documents `biz_opaque_callback_data` and the specification has
 * forgotten it, so it is left out here.
 */
function listening(answers: string[]): HttpClient {
  const client = createHttpClient();
  return {
    get: client.get,
    post: async (request) => {
      const { biz_opaque_callback_data: _, ...body } = JSON.parse(request.body);
      const headers = { ...request.headers, "User-Agent": USER_AGENT };
      const result = await client.post({ ...request, headers, body: JSON.stringify(body) });
      answers.push(result.type === "answer" ? complaintsIn(result.body, body) : result.detail);
      return result;
    },
  };
}

/** Prism tries every kind of message in turn; only what it says of the one that was sent is of use. */
function complaintsIn(answer: string, body: Readonly<Record<string, unknown>>): string {
  const { validation = [] }: { validation?: readonly { message: string }[] } = JSON.parse(answer);
  const own = validation.filter(({ message }) => message.includes(` property ${body["type"]}`));
  return own.map(({ message }) => message).join("; ") || JSON.stringify(body);
}

async function untilOpen(url: string): Promise<void> {
  const deadline = performance.now() + READY_MS;
  while (performance.now() < deadline) {
    const open = await fetch(url, { signal: AbortSignal.timeout(CALL_MS) }).catch(() => null);
    if (open !== null) return;
    await Bun.sleep(POLL_MS);
  }
  throw new Error("prism does not answer");
}

/** Reads every webhook below the folder and prints what became of each item. */
async function judgeWebhooks(folder: string): Promise<boolean> {
  const channel = createWhatsApp({ http: createHttpClient() });
  let right = true;
  for (const path of [...new Glob("**/*.json").scanSync(folder)].toSorted()) {
    const parsed: unknown = await Bun.file(join(folder, path)).json();
    for (const body of webhooksIn(parsed)) {
      const became = fateOf(channel, body);
      right &&= !became.some((one) => one.startsWith("invalid"));
      console.log(`${path.padEnd(NAME_WIDTH)} ${became.join(", ")}`);
    }
  }
  return right;
}

/** A file holds one webhook, or several by name. */
function webhooksIn(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (!isJsonObject(value)) return [];
  return "entry" in value ? [value] : Object.values(value).flatMap(webhooksIn);
}

function fateOf(channel: Channel, body: Readonly<Record<string, unknown>>): readonly string[] {
  // Whatever number the sample names, it is ours for once.
  const own = JSON.stringify(body).replaceAll(
    /"phone_number_id":"?[^",}]*"?/g,
    `"phone_number_id":"${numberId}"`,
  );
  const read = readWebhook(channel, new TextEncoder().encode(own), account(""));
  if (!read.ok) return [`invalid: ${read.reason}`];
  return read.events.map((event) => ("ignored" in event ? event.ignored : event.event.type));
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

await main();
