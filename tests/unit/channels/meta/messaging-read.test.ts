import { describe, expect, test } from "bun:test";
import type { ReadEvent } from "../../../../src/channels/channel.ts";
import { createInstagram } from "../../../../src/channels/meta/instagram/instagram.ts";
import { createMessenger } from "../../../../src/channels/meta/messenger/messenger.ts";
import type { ChannelEvent } from "../../../../src/message/event.ts";
import { createHttpClient } from "../../../../src/platform/http/client.ts";
import {
  instagramAccount,
  instagramId,
  messengerAccount,
  pageId,
  readBody,
} from "../../../support/meta-accounts.ts";

/** Bodies composed from Meta's documentation; Messenger and Instagram post the same items. */
const http = createHttpClient();
const messenger = createMessenger({ http });
const instagram = createInstagram({ http });
const psid = "2525667430804912";
const atMs = 1_749_416_383_970;
const month = 2025 * 12 + 6;

const read = (body: unknown) => readBody(messenger, messengerAccount, body);

function page(...messaging: readonly unknown[]) {
  return { object: "page", entry: [{ id: pageId, time: atMs, messaging }] };
}

function item(parts: Record<string, unknown>) {
  return { sender: { id: psid }, recipient: { id: pageId }, timestamp: atMs, ...parts };
}

function heard(parts: Record<string, unknown>): ReadEvent {
  const [event, ...others] = read(page(item(parts)));
  if (event === undefined || others.length > 0) throw new Error("expected one event");
  return event;
}

function eventOf(event: ReadEvent): ChannelEvent {
  if (!("event" in event)) throw new Error(`ignored: ${event.ignored}`);
  return event.event;
}

function said(message: Record<string, unknown>) {
  const event = eventOf(heard({ message: { mid: "m_A", ...message } }));
  if (event.type !== "client_message") throw new Error(`a ${event.type}`);
  return event;
}

describe("a customer's message", () => {
  test("carries its id, where to answer, and what it answers", () => {
    const message = { mid: "m_A", text: "Hello", reply_to: { mid: "m_prev" } };
    expect(heard({ message })).toEqual({
      key: { bucket: 0, key: "m:m_A" },
      subject: { kind: "client", identity: psid },
      event: {
        type: "client_message",
        messageId: "m_A",
        content: { text: "Hello", parts: [] },
        context: { replyTo: "m_prev", album: null, sender: null, forwardedFrom: null },
        address: psid,
        contact: null,
        requestId: null,
        unanswered: null,
      },
    });
  });

  test("is its files by their addresses, stickers and places among them", () => {
    const url = "https://cdn.example/1";
    const attachments = (...list: readonly unknown[]) => said({ attachments: list }).content.parts;
    const file = { file: url, name: null, mimeType: null, bytes: null };
    for (const type of ["image", "video", "audio", "file"] as const)
      expect(attachments({ type, payload: { url } })).toEqual([{ type, ...file }]);
    expect(attachments({ type: "image", payload: { url, sticker_id: 369_239 } })).toEqual([
      { type: "sticker", ...file },
    ]);
    const coordinates = { lat: -1.6, long: 29.7 };
    expect(attachments({ type: "location", title: "Here", payload: { coordinates } })).toEqual([
      { type: "location", point: { latitude: -1.6, longitude: 29.7 }, label: "Here" },
    ]);
    for (const type of ["ig_reel", "share", "story_mention"])
      expect(attachments({ type, payload: { url } })).toEqual([
        { type: "file", ...file, name: type },
      ]);
  });

  test("without a word of ours is kept and shown as such", () => {
    const parts = (message: Record<string, unknown>) => said(message).content.parts;
    const what = (word: string) => [{ type: "unsupported" as const, what: word }];
    expect(
      parts({ attachments: [{ type: "fallback", payload: { url: "https://a.b/" } }] }),
    ).toEqual(what("fallback"));
    expect(parts({ attachments: [{ type: "image" }] })).toEqual(what("image"));
    expect(parts({ attachments: [7] })).toEqual(what("attachment"));
    expect(parts({ is_unsupported: true })).toEqual(what("is_unsupported"));
    expect(parts({})).toEqual(what("empty"));
    expect(parts({ text: "Hi", referral: { ref: "x" } })).toEqual(what("referral"));
    const story = said({ text: "Nice", reply_to: { story: { id: "s1", url: "https://a.b/" } } });
    expect(story.content.parts).toEqual(what("story"));
    expect(story.context?.replyTo).toBe("s1");
  });

  test("is a press of a quick reply or of a button", () => {
    expect(said({ text: "Red", quick_reply: { payload: "RED" } }).content).toEqual({
      text: "Red",
      parts: [{ type: "press", data: "RED", of: null }],
    });
    const postback = { mid: "m_P", title: "Get started", payload: "get_started" };
    expect(heard({ postback })).toMatchObject({
      key: { bucket: 0, key: "m:m_P" },
      event: {
        type: "client_message",
        messageId: "m_P",
        content: {
          text: "Get started",
          parts: [{ type: "press", data: "get_started", of: null }],
        },
      },
    });
  });

  test("a press without an id is known by its moment and its words", () => {
    const postback = { title: "Yes", payload: "y" };
    const first = heard({ postback });
    expect(first.key.bucket).toBe(month);
    expect(heard({ postback })).toEqual(first);
    expect(heard({ postback, timestamp: atMs + 1 }).key).not.toEqual(first.key);
    expect(heard({ postback: { ...postback, payload: "n" } }).key).not.toEqual(first.key);
  });

  test("while another app talks with the customer is stored and not answered", () => {
    const standby = [item({ message: { mid: "m_S", text: "Hi" } })];
    expect(read({ object: "page", entry: [{ id: pageId, standby }] })).toMatchObject([
      { event: { type: "client_message", unanswered: "standby" } },
    ]);
  });
});

describe("an echo", () => {
  const echo = (message: Record<string, unknown>) =>
    read(
      page({
        sender: { id: pageId },
        recipient: { id: psid },
        timestamp: atMs,
        message: { mid: "m_E", is_echo: true, ...message },
      }),
    );

  test("is an operator's when a person wrote it on the page or in Meta's inbox", () => {
    for (const app of [undefined, 263_902_037_430_900, "1217981644879628"])
      expect(echo({ text: "Hello", app_id: app })).toEqual([
        {
          key: { bucket: 0, key: "e:m_E" },
          subject: { kind: "client", identity: psid },
          event: {
            type: "outbound_message",
            messageId: "m_E",
            author: "operator",
            operatorId: null,
            content: { text: "Hello", parts: [] },
            context: null,
            live: true,
            platformAt: atMs,
          },
        },
      ]);
  });

  test("is automatic when an app sent it, ours or another", () => {
    expect(echo({ text: "Hello", app_id: 1_517_776_481_860_111 })).toMatchObject([
      { event: { author: "automatic" } },
    ]);
  });
});

describe("what is done to an earlier message", () => {
  test("is an edit, once for each of its turns", () => {
    const edit = (turn: number) =>
      heard({ message_edit: { mid: "m_O", text: "new", num_edit: turn } });
    expect(edit(1)).toEqual({
      key: { bucket: 0, key: "edit:m_O:1" },
      subject: { kind: "client", identity: psid },
      event: {
        type: "message_edited",
        messageId: "m_O",
        author: "client",
        content: { text: "new", parts: [] },
        platformAt: atMs,
      },
    });
    expect(edit(2).key.key).toBe("edit:m_O:2");
  });

  test("is its end, or a reaction that comes and goes", () => {
    expect(heard({ message: { mid: "m_O", is_deleted: true } })).toMatchObject({
      key: { key: "del:m_O" },
      event: { type: "messages_deleted", messageIds: ["m_O"] },
    });
    const react = (reaction: Record<string, unknown>) =>
      eventOf(heard({ reaction: { mid: "m_O", ...reaction } }));
    const event = { type: "reaction_changed" as const, messageId: "m_O" };
    const sender = { id: psid, name: null };
    expect(react({ action: "react", reaction: "love", emoji: "❤" })).toEqual({
      ...event,
      sender,
      emoji: ["❤"],
    });
    expect(react({ action: "react", reaction: "love" })).toMatchObject({ emoji: ["love"] });
    expect(react({ action: "unreact", emoji: "❤" })).toMatchObject({ emoji: [] });
  });
});

describe("a receipt", () => {
  const receipt = (of: unknown, status: string) => ({ type: "receipt", status, of, detail: null });
  const eventsOf = (parts: Record<string, unknown>) => read(page(item(parts))).map(eventOf);

  test("names messages, and everything up to its watermark", () => {
    const delivery = { mids: ["m_1", "m_2", "m_1"], watermark: 1_749_416_384_000 };
    expect(eventsOf({ delivery })).toEqual([
      receipt({ kind: "message", messageId: "m_1" }, "delivered"),
      receipt({ kind: "message", messageId: "m_2" }, "delivered"),
      receipt({ kind: "until", at: 1_749_416_384_000 }, "delivered"),
    ] as ChannelEvent[]);
    expect(eventsOf({ read: { watermark: 1_749_416_384_000 } })).toEqual([
      receipt({ kind: "until", at: 1_749_416_384_000 }, "read"),
    ] as ChannelEvent[]);
    expect(eventsOf({ read: { mid: "m_1" } })).toEqual([
      receipt({ kind: "message", messageId: "m_1" }, "read"),
    ] as ChannelEvent[]);
  });

  test("has the same keys when it comes again, cut otherwise", () => {
    const watermark = 1_749_416_384_000;
    const keys = (mids: string[]) => read(page(item({ delivery: { mids, watermark } })));
    expect(keys(["m_2"])[0]?.key).toEqual(keys(["m_1", "m_2"])[1]?.key ?? { bucket: 0, key: "" });
    expect(keys([]).map(({ key }) => key)).toEqual([
      { bucket: month, key: `w:${watermark}:${psid}:delivered` },
    ]);
  });

  test("that names nothing is ignored with a reason", () => {
    expect(heard({ delivery: {} })).toMatchObject({ ignored: "invalid: delivery" });
    expect(heard({ read: 7 })).toMatchObject({ ignored: "invalid: read" });
  });
});

test("everything else that happens in a conversation is a line in it, by the platform's word", () => {
  for (const word of ["referral", "optin", "pass_thread_control", "something_new"])
    expect(eventOf(heard({ [word]: { ref: "x" } }))).toMatchObject({
      type: "side_message",
      kind: "system",
      content: { text: "", parts: [{ type: "unsupported", what: word }] },
    });
});

describe("a batch", () => {
  test("is every item of every entry, and one bad one loses none of the others", () => {
    const message = (mid: string) => item({ message: { mid, text: mid } });
    const body = {
      object: "page",
      entry: [
        { id: pageId, messaging: [message("m_1"), null, { sender: {} }, message("m_2")] },
        { id: pageId, changes: [{ field: "feed", value: {} }] },
        { id: "1", messaging: [message("m_3")] },
        { messaging: [message("m_4")] },
        { id: pageId },
      ],
    };
    expect(read(body).map((event) => ("ignored" in event ? event.ignored : event.key.key))).toEqual(
      [
        "m:m_1",
        "invalid: sender",
        "invalid: sender",
        "m:m_2",
        "not_used: changes",
        "other_account",
        "invalid: id",
        "invalid: messaging",
      ],
    );
    expect(read({ object: "page", entry: [] })).toMatchObject([{ ignored: "invalid: entry" }]);
  });

  test("of the other product is none of ours", () => {
    const body = page(item({ message: { mid: "m_A", text: "Hi" } }));
    expect(readBody(instagram, instagramAccount, body)).toMatchObject([
      { ignored: "not_instagram" },
    ]);
    expect(read({ ...body, object: "instagram" })).toMatchObject([{ ignored: "not_page" }]);
  });
});

test("Instagram's items are read alike, for the account's own id", () => {
  const messaging = [
    { ...item({ message: { mid: "ig_1", text: "Hi" } }), recipient: { id: instagramId } },
  ];
  const body = { object: "instagram", entry: [{ id: instagramId, time: atMs, messaging }] };
  expect(readBody(instagram, instagramAccount, body)).toMatchObject([
    { key: { key: "m:ig_1" }, subject: { identity: psid }, event: { address: psid } },
  ]);
});

test("a time in seconds is read as one", () => {
  const message = { mid: "m_E", is_echo: true, text: "Hi" };
  const at = { ...item({ message }), sender: { id: pageId }, recipient: { id: psid } };
  expect(read(page({ ...at, timestamp: 1_749_416_383 }))).toMatchObject([
    { event: { platformAt: 1_749_416_383_000 } },
  ]);
});
