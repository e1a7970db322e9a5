import type { Account } from "../../src/channels/account.ts";
import type { IncomingKind } from "../../src/channels/capability.ts";
import type { Channel, ReadEvent, SendOutcome } from "../../src/channels/channel.ts";
import { readWebhook } from "../../src/channels/webhook.ts";
import type { OutgoingKind } from "../../src/message/outgoing.ts";
import { eventually } from "../support/eventually.ts";

/** An adapter and a fake of its platform, which shares no code with it. One account, one customer who has written before. */
export type ChannelHarness = {
  readonly channel: Channel;
  /** Credentials that the platform knows. */
  readonly account: Account;
  /** The same, but with secrets that it does not know. */
  readonly stranger: Account;
  /** Has the platform post its webhooks to this address from now on, by its own means and not the adapter's. */
  readonly deliverTo: (address: string) => Promise<void>;
  /** Has the platform tell something; a webhook follows. Each kind that the channel declares needs one. */
  readonly tells: Partial<Readonly<Record<IncomingKind, (given: Told) => Promise<unknown>>>>;
  /** What the platform took from us and its customer has, oldest first. */
  readonly taken: () => readonly Taken[];
  /** Makes the next send end in a way; those that the platform does not know are left out. */
  readonly ends: Partial<Readonly<Record<SendOutcome["type"], () => Promise<unknown>>>>;
  /** Has the platform forget or change what it knows of our address. */
  readonly drift?: () => Promise<unknown>;
  /** A question as the platform asks it, with the right token; the answer must be the second. */
  readonly question?: { readonly query: URLSearchParams; readonly answer: string };
  readonly close: () => Promise<void>;
};

/** What a platform is told with. */
export type Told = {
  /** A file and where it lies, for platforms that only pass on addresses. */
  readonly file: { readonly url: string; readonly bytes: Uint8Array };
  /** The platform's id of a message that we sent to the customer. */
  readonly ours: string;
};

/** What a platform took, in its own reading of what we sent. */
export type Taken = {
  readonly messageId: string;
  /** `any file` where the platform does not tell files apart. */
  readonly kind: OutgoingKind | "any file";
  readonly text: string;
  /** The address of a file, the coordinates `1.5,2.5` of a place, the number of a contact, the name of a template. */
  readonly what: string | null;
  /** What stands on the buttons, in order. */
  readonly buttons: readonly string[];
  /** The message that it answers. */
  readonly replyTo: string | null;
};

export type RawPost = {
  readonly headers: Headers;
  readonly body: Uint8Array;
  readonly answered: string;
};

/** Stands where Hookdesk would: keeps what is posted, byte for byte, acknowledges as the channel does, and hands out one file. */
export type Door = {
  readonly address: string;
  readonly posts: readonly RawPost[];
  readonly file: Told["file"];
  readonly stop: () => Promise<void>;
};

const fileBytes = new TextEncoder().encode("\x89PNG\r\n\x1a\nnot much of a picture");

export function openDoor({ channel, account }: Pick<ChannelHarness, "channel" | "account">): Door {
  const posts: RawPost[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      if (new URL(request.url).pathname === "/file.png")
        return new Response(fileBytes, { headers: { "content-type": "image/png" } });
      if (request.method === "GET") return greet(channel, account, request);
      const body = await request.bytes();
      const read = readWebhook(channel, body, account);
      const answer = channel.acknowledge(read.ok ? read.events : []);
      posts.push({ headers: request.headers, body, answered: answer.body });
      return new Response(answer.body, { headers: { "content-type": answer.contentType } });
    },
  });
  const url = `http://127.0.0.1:${server.port}`;
  return {
    address: `${url}/webhook`,
    posts,
    file: { url: `${url}/file.png`, bytes: fileBytes },
    stop: () => server.stop(true),
  };
}

function greet(channel: Channel, account: Account, request: Request): Response {
  if ("unsupported" in channel.handshake) return new Response("", { status: 405 });
  const answer = channel.handshake(new URL(request.url).searchParams, account);
  return answer.ok ? new Response(answer.body) : new Response("", { status: 403 });
}

/** The events of a post, each of which must be readable. */
export function eventsOf(harness: ChannelHarness, post: RawPost): readonly ReadEvent[] {
  const read = readWebhook(harness.channel, post.body, harness.account);
  if (!read.ok) throw new Error(`the platform posted what cannot be read: ${read.reason}`);
  return read.events;
}

/** Does something and resolves with the first event after it that fits, and the post that brought it. */
export async function hear<Fitting extends ReadEvent>(
  { harness, door }: { readonly harness: ChannelHarness; readonly door: Door },
  act: () => Promise<unknown>,
  fits: (event: ReadEvent) => event is Fitting,
): Promise<{ readonly event: Fitting; readonly post: RawPost }> {
  const before = door.posts.length;
  const acting = act();
  const found = await eventually("a webhook that fits", () => {
    for (const post of door.posts.slice(before)) {
      const event = eventsOf(harness, post).find(fits);
      if (event !== undefined) return { event, post };
    }
    return null;
  });
  await acting;
  return found;
}
