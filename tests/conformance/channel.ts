import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { credential } from "../../src/channels/account.ts";
import {
  type IncomingKind,
  incomingKinds,
  isSupported,
  outgoingKinds,
  outgoingManners,
} from "../../src/channels/capability.ts";
import type { OutgoingMessage, ReadEvent } from "../../src/channels/channel.ts";
import { readWebhook } from "../../src/channels/webhook.ts";
import type { ChannelEvent, ClientMessage } from "../../src/message/event.ts";
import { type FileKind, fileKinds, type Part } from "../../src/message/message.ts";
import { type OutgoingContent, plainText } from "../../src/message/outgoing.ts";
import { eventually } from "../support/eventually.ts";
import { closedPortUrl } from "../integration/http/raw-server.ts";
import {
  type ChannelHarness,
  type Door,
  eventsOf,
  hear,
  openDoor,
  type Taken,
} from "./channel-harness.ts";
import { noteReasons, supportsOf, tested } from "./channel-table.ts";

type Applied = Extract<ReadEvent, { readonly event: ChannelEvent }>;
type FromClient = Applied & { readonly event: ClientMessage };

const isApplied = (read: ReadEvent): read is Applied => "event" in read;
const isFromClient = (read: ReadEvent): read is FromClient =>
  isApplied(read) && read.event.type === "client_message";

function hasPart(read: ReadEvent, fits: (part: Part) => boolean): boolean {
  return isFromClient(read) && read.event.content.parts.some(fits);
}

function isEvent(read: ReadEvent, type: ChannelEvent["type"]): boolean {
  return isApplied(read) && read.event.type === type;
}

function isReceipt(read: ReadEvent, status: string): boolean {
  return isApplied(read) && read.event.type === "receipt" && read.event.status === status;
}

/** What an event of each kind must look like in the common format. */
const looks: Readonly<Record<IncomingKind, (read: ReadEvent) => boolean>> = {
  text: (read) =>
    isFromClient(read) && read.event.content.text !== "" && read.event.content.parts.length === 0,
  image: (read) => hasPart(read, (part) => part.type === "image" && part.file !== ""),
  video: (read) => hasPart(read, (part) => part.type === "video" && part.file !== ""),
  audio: (read) => hasPart(read, (part) => part.type === "audio" && part.file !== ""),
  voice: (read) => hasPart(read, (part) => part.type === "voice" && part.file !== ""),
  file: (read) => hasPart(read, (part) => part.type === "file" && part.file !== ""),
  sticker: (read) => hasPart(read, (part) => part.type === "sticker" && part.file !== ""),
  location: (read) => hasPart(read, (part) => part.type === "location" && part.point !== null),
  contact: (read) => hasPart(read, (part) => part.type === "contact" && part.phones.length > 0),
  press: (read) =>
    hasPart(read, (part) => part.type === "press" && part.data !== "") &&
    isFromClient(read) &&
    read.event.content.text !== "",
  reply: (read) => isFromClient(read) && (read.event.context?.replyTo ?? null) !== null,
  reaction: (read) => isEvent(read, "reaction_changed"),
  edit: (read) => isEvent(read, "message_edited"),
  deletion: (read) => isEvent(read, "messages_deleted"),
  receipt_sent: (read) => isReceipt(read, "sent"),
  receipt_delivered: (read) => isReceipt(read, "delivered"),
  receipt_read: (read) => isReceipt(read, "read"),
  receipt_failed: (read) => isReceipt(read, "failed"),
  echo: (read) => isEvent(read, "outbound_message"),
  reachability: (read) => isEvent(read, "reachability_changed"),
  group: (read) => isFromClient(read) && (read.event.context?.sender ?? null) !== null,
  unsupported: (read) => hasPart(read, (part) => part.type === "unsupported" && part.what !== ""),
};

/** A message of each kind that goes out, and what the platform must have taken of it. */
function samples(
  file: string,
  captionMax: number,
): Readonly<Record<(typeof outgoingKinds)[number], OutgoingContent>> {
  const fileOf = (type: (typeof fileKinds)[number]): OutgoingContent => ({
    type,
    url: file,
    name: "a name.png",
    caption:
      captionMax === 0 || type === "sticker" || type === "voice" || type === "audio"
        ? ""
        : "Look <here> & there",
  });
  return {
    text: plainText('Plain words: <b>no tags</b> & "quotes" 🍜\nsecond line'),
    image: fileOf("image"),
    video: fileOf("video"),
    audio: fileOf("audio"),
    voice: fileOf("voice"),
    file: fileOf("file"),
    sticker: fileOf("sticker"),
    location: { type: "location", latitude: 43.25, longitude: 76.5, name: null, address: null },
    contact: { type: "contact", name: "Ann Example", phone: "+12025550123" },
    template: { type: "template", name: "greeting", language: "en", values: ["Ann"] },
  };
}

/** A moment for tests of what ends, ms since the epoch. */
const now = Date.parse("2026-03-04T05:06:07Z");

/**
 * What every channel must do, tested against a fake of its platform. A capability that a channel declares must work; one that it
 * does not declare must say why in a sentence.
 */
export function channelConformance(name: string, open: () => Promise<ChannelHarness>): void {
  describe(`channel ${name}`, () => {
    let harness: ChannelHarness;
    let door: Door;
    let address = "";
    let ours = "";
    let sends = 0;

    const told = () => ({ file: door.file, ours });
    const tell = (kind: IncomingKind) => async () => harness.tells[kind]?.(told());
    const send = (content: OutgoingContent, account = harness.account) => {
      sends += 1;
      const delivery: OutgoingMessage = { id: `d-${sends}`, address, content, author: "operator" };
      return harness.channel.send(delivery, account);
    };
    const sendWell = async (content: OutgoingContent) => {
      const outcome = await send(content);
      if (outcome.type !== "sent" || outcome.messageId === null)
        throw new Error(`not sent with an id: ${JSON.stringify(outcome)}`);
      const { messageId } = outcome;
      const taken = harness.taken().find((one) => one.messageId === messageId);
      if (taken === undefined) throw new Error("the platform has not taken what it confirmed");
      return taken;
    };

    beforeAll(async () => {
      harness = await open();
      door = openDoor(harness);
      await harness.deliverTo(door.address);
      noteReasons(harness.channel);
      const first = await hear({ harness, door }, tell("text"), isFromClient);
      ({ address } = first.event.event);
      ours = (await sendWell(plainText("What we said"))).messageId;
    });
    afterAll(async () => {
      await harness.close();
      await door.stop();
    });

    test("says of everything whether it has it, and why not in a sentence without secrets", () => {
      const { channel } = harness;
      for (const [capability, support] of supportsOf(channel)) {
        if (support === "supported") continue;
        expect([capability, support.unsupported]).toEqual([
          capability,
          expect.stringMatching(/\w+ \w+ \w+/),
        ]);
      }
      expect(channel.credentials.filter(({ secret }) => secret)).not.toBeEmpty();
      expectSecretsKept(harness, JSON.stringify(channel));
    });

    for (const kind of incomingKinds)
      test(`in: ${kind} reads as the common format says, or cannot come`, async () => {
        if (harness.channel.capabilities.incoming[kind] !== "supported") {
          expect(harness.tells[kind]).toBeUndefined();
          return;
        }
        const fits = (read: ReadEvent): read is Applied => isApplied(read) && looks[kind](read);
        const { event } = await hear({ harness, door }, tell(kind), fits);
        expect(looks[kind](event)).toBe(true);
        tested(name, `in: ${kind}`);
      });

    test("a webhook is accepted as it came, and refused with a byte more or the secret of another account", async () => {
      const { channel, account, stranger } = harness;
      const { post } = await hear({ harness, door }, tell("text"), isFromClient);
      expect(channel.verify(post, account)).toEqual({ ok: true });
      expect(channel.verify(post, stranger).ok).toBe(false);
      expect(channel.verify({ ...post, headers: new Headers() }, account).ok).toBe(false);
    });

    test("the same webhook gives the same events with the same keys, and no two events share one", async () => {
      await hear({ harness, door }, tell("text"), isFromClient);
      const keys = new Map<string, string>();
      for (const post of door.posts) {
        const events = eventsOf(harness, post);
        expect(events).toEqual(eventsOf(harness, post));
        for (const event of events) {
          const key = `${event.key.bucket}/${event.key.key}`;
          const said = JSON.stringify(event);
          expect(keys.get(key) ?? said).toBe(said);
          keys.set(key, said);
          expect(event.key.key.length).toBeLessThanOrEqual(200);
        }
      }
    });

    test("no JSON object makes it throw, nor any webhook of its own with something missing or else in it", () => {
      const { channel, account } = harness;
      const bodies = door.posts.map((post): unknown =>
        JSON.parse(new TextDecoder().decode(post.body)),
      );
      const read = (json: unknown) => {
        const raw = new TextEncoder().encode(JSON.stringify(json));
        const webhook = readWebhook(channel, raw, account);
        expect(webhook.ok).toBe(true);
        if (webhook.ok) expect(webhook.events.length).toBeGreaterThan(0);
      };
      fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), read), { numRuns: 200 });
      const [first = {}] = bodies;
      fc.assert(
        fc.property(fc.nat(bodies.length - 1), fc.nat(), fc.jsonValue(), (which, at, value) => {
          read(disturbed(bodies[which] ?? first, at, value));
        }),
        { numRuns: 500 },
      );
    });

    for (const kind of outgoingKinds)
      test(`out: ${kind} is taken with all that it says, or refused without a call`, async () => {
        const content = samples(door.file.url, harness.channel.limits.caption.max)[kind];
        const before = harness.taken().length;
        if (harness.channel.capabilities.outgoing[kind] !== "supported") {
          expect(await send(content)).toMatchObject({ type: "rejected", reason: "content" });
          expect(harness.taken().length).toBe(before);
          return;
        }
        expectSame(await sendWell(content), content);
        expect(harness.taken().length).toBe(before + 1);
        tested(name, `out: ${kind}`);
      });

    for (const manner of outgoingManners)
      test(`out: ${manner} is shown, or is said to be missing`, async () => {
        if (harness.channel.capabilities.outgoing[manner] !== "supported") return;
        const text = plainText("Choose");
        switch (manner) {
          case "html": {
            const html =
              '<b>Bold</b> & <i>1 < 2</i> <script>x</script> <a href="https://a.example/?b=1&c=2">there</a>';
            const taken = await sendWell({ ...text, text: html, format: "html" });
            expect(taken.text.replaceAll(/\s+/g, " ")).toBe(
              "Bold & 1 < 2 <script>x</script> there",
            );
            break;
          }
          case "buttons": {
            const rows = [[{ title: "Yes", data: "y:1" }], [{ title: "No", data: "n:1" }]];
            expect((await sendWell({ ...text, buttons: rows })).buttons).toEqual(["Yes", "No"]);
            break;
          }
          case "reply":
            expect((await sendWell({ ...text, replyTo: ours })).replyTo).toBe(ours);
        }
        tested(name, `out: ${manner}`);
      });

    test("words of the longest length are taken whole", async () => {
      const { text } = harness.channel.limits;
      expect((await sendWell(plainText("x".repeat(text.max)))).text).toBe("x".repeat(text.max));
    });

    describe("an end of a send", () => {
      test("is told as it was, for each end that the platform knows", async () => {
        for (const [type, arrange] of Object.entries(harness.ends)) {
          await arrange();
          const outcome = await send(plainText(`ends as ${type}`));
          expect([type, outcome.type]).toEqual([type, type]);
          const said = JSON.stringify(outcome);
          expect(said).not.toContain("ends as");
          expectSecretsKept(harness, said);
        }
      });

      test("is unauthorized with a secret that the platform does not know", async () => {
        expect((await send(plainText("hi"), harness.stranger)).type).toBe("unauthorized");
      });

      test("is not_sent where nobody listens, and a rejection for an address that is none", async () => {
        const nobody = { ...harness.account, apiUrl: closedPortUrl() };
        expect((await send(plainText("hi"), nobody)).type).toBe("not_sent");
        const content = plainText("hi");
        const lost: OutgoingMessage = {
          id: "d-0",
          address: "no such address",
          content,
          author: "bot",
        };
        expect((await harness.channel.send(lost, harness.account)).type).toBe("rejected");
      });
    });

    test("media: what came is found with its own bytes, and a reference holds no secret", async () => {
      const { channel, account } = harness;
      if (!isSupported(channel.media)) return;
      const kinds = fileKinds.filter((kind) => channel.capabilities.incoming[kind] === "supported");
      for (const kind of kinds) {
        const { event } = await hear({ harness, door }, tell(kind), isFileOf(kind));
        const file = fileOf(event.event, kind);
        expectSecretsKept(harness, file);
        const found = await channel.media.locate(file, account);
        if (found.type !== "found") throw new Error(`not found: ${JSON.stringify(found)}`);
        const answer = await fetch(found.url, { headers: found.headers });
        expect(await answer.bytes()).toEqual(door.file.bytes);
      }
      tested(name, "media");
    });

    test("handshake: the platform's question is answered, and another one is not", () => {
      const { channel, account, stranger, question } = harness;
      if (!isSupported(channel.handshake)) return expect(question).toBeUndefined();
      if (question === undefined) throw new Error("the harness has no question");
      expect(channel.handshake(question.query, account)).toEqual({
        ok: true,
        body: question.answer,
      });
      expect(channel.handshake(question.query, stranger)).toEqual({ ok: false });
      expect(channel.handshake(new URLSearchParams(), account)).toEqual({ ok: false });
      tested(name, "handshake");
    });

    test("registration: connects, sees a drift and mends it, and knows wrong credentials from an absent platform", async () => {
      const { channel, account, stranger, drift } = harness;
      const { registration } = channel;
      if (!isSupported(registration)) return;
      const state = async () => (await registration.check(account, door.address)).state;
      expect((await registration.connect(account, door.address)).state).toBe("connected");
      expect(await state()).toBe("connected");
      await drift?.();
      expect(await state()).toBe("drifted");
      expect((await registration.connect(account, door.address)).state).toBe("connected");
      expect(await state()).toBe("connected");
      expect((await registration.check(stranger, door.address)).state).toBe("refused");
      const nobody = { ...account, apiUrl: closedPortUrl() };
      expect((await registration.check(nobody, door.address)).state).toBe("unreachable");
      await hear({ harness, door }, tell("text"), isFromClient);
      tested(name, "registration");
    });

    test("backfill: what was told before is told again with the same keys, page by page", async () => {
      const { backfill } = harness.channel;
      if (!isSupported(backfill)) return;
      const { event } = await hear({ harness, door }, tell("text"), isFromClient);
      const keys: string[] = [];
      let cursor: string | null = null;
      do {
        const page = await backfill.page(harness.account, { since: 0, cursor });
        if (page.type === "failed") throw new Error(page.detail);
        keys.push(...page.webhooks.flatMap((body) => keysOf(harness, body)));
        cursor = page.next;
      } while (cursor !== null);
      expect(keys).toContain(event.key.key);
      tested(name, "backfill");
    });

    test("renewal: what ends is renewed in time, works, and is fine then", async () => {
      const { account, stranger } = harness;
      const { renewal } = harness.channel;
      if (!isSupported(renewal)) return;
      const renewed = await renewal.renew(account, now);
      if (renewed.type !== "renewed") throw new Error(`not renewed: ${renewed.type}`);
      const credentials = { ...account.credentials, ...renewed.fields };
      expect(credentials).not.toEqual(account.credentials);
      const fresh = { ...account, credentials };
      expect((await send(plainText("with another token"), fresh)).type).toBe("sent");
      expect(await renewal.renew(fresh, now)).toEqual({ type: "fine" });
      expect((await renewal.renew(stranger, now)).type).toBe("failed");
      const nobody = { ...account, apiUrl: closedPortUrl() };
      expect((await renewal.renew(nobody, now)).type).toBe("failed");
      tested(name, "renewal");
    });

    test("idempotency: two sends of one delivery are one message where the platform knows a key", async () => {
      const { channel, account } = harness;
      if (!isSupported(channel.idempotency)) return;
      const content = plainText("once");
      const delivery: OutgoingMessage = { id: "d-twice", address, content, author: "bot" };
      const before = harness.taken().length;
      const [first, second] = [
        await channel.send(delivery, account),
        await channel.send(delivery, account),
      ];
      expect([first.type, second.type]).toEqual(["sent", "sent"]);
      await eventually("one message", () => harness.taken().length === before + 1);
      tested(name, "idempotency");
    });
  });
}

function expectSame(taken: Taken, content: OutgoingContent): void {
  expect("caption" in content ? [content.type, "any file"] : [content.type]).toContain(taken.kind);
  expect(taken.what).toBe(whatOf(content));
  if (content.type === "text") expect(taken.text).toBe(content.text);
  else if ("caption" in content) expect(taken.text).toBe(content.caption);
}

function expectSecretsKept({ channel, account }: ChannelHarness, said: string): void {
  for (const { name, secret } of channel.credentials)
    if (secret) expect(said).not.toContain(credential(account, name));
}

function isFileOf(kind: FileKind): (read: ReadEvent) => read is FromClient {
  return (read): read is FromClient => isFromClient(read) && looks[kind](read);
}

function fileOf({ content }: ClientMessage, kind: FileKind): string {
  const part = content.parts.find((one) => one.type === kind);
  if (part === undefined || !("file" in part)) throw new Error("the message has no such file");
  return part.file;
}

function keysOf({ channel, account }: ChannelHarness, body: Uint8Array): readonly string[] {
  const read = readWebhook(channel, body, account);
  return read.ok ? read.events.map(({ key }) => key.key) : [];
}

function whatOf(content: OutgoingContent): string | null {
  switch (content.type) {
    case "text":
      return null;
    case "location":
      return `${content.latitude},${content.longitude}`;
    case "contact":
      return content.phone;
    case "template":
      return content.name;
    default:
      return content.url;
  }
}

/** A copy of a JSON value in which the `at`th of its places holds something else. */
function disturbed(body: unknown, at: number, value: unknown): unknown {
  const places: { readonly inside: Record<string, unknown> | unknown[]; readonly key: string }[] =
    [];
  const copy: unknown = structuredClone(body);
  const walk = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    const inside = node as Record<string, unknown> | unknown[];
    for (const key of Object.keys(inside)) {
      places.push({ inside, key });
      walk(Reflect.get(inside, key));
    }
  };
  walk(copy);
  const place = places[at % Math.max(1, places.length)];
  if (place !== undefined) Reflect.set(place.inside, place.key, value);
  return copy;
}
