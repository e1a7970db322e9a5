import { describe, expect, test } from "bun:test";
import type { ReadEvent } from "../../../../src/channels/channel.ts";
import { createWhatsApp } from "../../../../src/channels/meta/whatsapp/whatsapp.ts";
import { readWebhook } from "../../../../src/channels/webhook.ts";
import type { ChannelEvent } from "../../../../src/message/event.ts";
import { createHttpClient } from "../../../../src/platform/http/client.ts";
import { readBody, whatsAppAccount, whatsAppNumber } from "../../../support/meta-accounts.ts";

/** Bodies composed from Meta's documentation. */
const channel = createWhatsApp({ http: createHttpClient() });
const at = "1749416383";
const atMs = 1_749_416_383_000;
const month = 2025 * 12 + 6;
const person = "16505551234";
const userId = "US.13491208655302741918";

const read = (body: unknown) => readBody(channel, whatsAppAccount, body);

function envelope(...changes: readonly unknown[]) {
  return { object: "whatsapp_business_account", entry: [{ id: "102290129340398", changes }] };
}

function change(value: Record<string, unknown>, field = "messages") {
  const metadata = { display_phone_number: "15550783881", phone_number_id: whatsAppNumber };
  const contacts = [
    { profile: { name: "Sheena", username: "sheena" }, wa_id: person, user_id: userId },
  ];
  return { field, value: { messaging_product: "whatsapp", metadata, contacts, ...value } };
}

function message(parts: Record<string, unknown>) {
  return { from: person, from_user_id: userId, id: "wamid.A", timestamp: at, ...parts };
}

/** The only event of a webhook with one message. */
function heard(parts: Record<string, unknown>): ReadEvent {
  const [event, ...others] = read(envelope(change({ messages: [message(parts)] })));
  if (event === undefined || others.length > 0) throw new Error("expected one event");
  return event;
}

function eventOf(event: ReadEvent): ChannelEvent {
  if (!("event" in event)) throw new Error(`ignored: ${event.ignored}`);
  return event.event;
}

function said(parts: Record<string, unknown>) {
  const event = eventOf(heard(parts));
  if (event.type !== "client_message") throw new Error(`a ${event.type}`);
  return event;
}

describe("a customer's message", () => {
  test("carries its id, where to answer, and whatever is known of the person", () => {
    expect(heard({ type: "text", text: { body: "Hi" } })).toEqual({
      key: { bucket: 0, key: "m:wamid.A" },
      subject: { kind: "client", identity: person },
      event: {
        type: "client_message",
        messageId: "wamid.A",
        content: { text: "Hi", parts: [] },
        context: null,
        address: `["phone","${person}"]`,
        contact: {
          name: "Sheena",
          assignedName: null,
          phone: `+${person}`,
          username: "sheena",
          externalId: userId,
        },
        requestId: null,
        unanswered: null,
      },
    });
  });

  test("of somebody without a number is known by the business-scoped id", () => {
    const item = { from_user_id: userId, id: "wamid.B", timestamp: at, type: "text" };
    const contacts = [{ profile: { name: "Sheena", username: "sheena" }, user_id: userId }];
    const [event] = read(
      envelope(change({ contacts, messages: [{ ...item, text: { body: "Hi" } }] })),
    );
    expect(event).toMatchObject({
      subject: { kind: "client", identity: userId },
      event: {
        address: `["user","${userId}"]`,
        contact: { name: "Sheena", phone: null, username: "sheena", externalId: userId },
      },
    });
  });

  test("in a group belongs to the group's conversation and says who wrote", () => {
    expect(heard({ type: "text", text: { body: "Hi" }, group_id: "G1" })).toMatchObject({
      subject: { kind: "client", identity: "group:G1" },
      event: {
        address: '["group","G1"]',
        contact: null,
        context: { sender: { id: person, name: "Sheena" } },
      },
    });
  });

  test("is a file of each kind, by its media id, with its words", () => {
    const media = (more: object) => ({ mime_type: "a/b", sha256: "x", id: "77", ...more });
    const file = { file: "77", name: null, mimeType: "a/b", bytes: null };
    const cases = [
      ["image", media({ caption: "Look" }), "image", "Look"],
      ["video", media({}), "video", ""],
      ["audio", media({ voice: false }), "audio", ""],
      ["audio", media({ voice: true }), "voice", ""],
      ["sticker", media({ animated: true }), "sticker", ""],
      ["document", media({}), "file", ""],
    ] as const;
    for (const [type, value, kind, text] of cases)
      expect(said({ type, [type]: value }).content).toEqual({
        text,
        parts: [{ type: kind, ...file }],
      });
    expect(
      said({ type: "document", document: media({ filename: "a.pdf" }) }).content.parts,
    ).toMatchObject([{ type: "file", name: "a.pdf" }]);
  });

  test("is a place or a card", () => {
    const location = { latitude: 37.44, longitude: -122.16, name: "HQ", address: "1 Hacker Way" };
    expect(said({ type: "location", location }).content.parts).toEqual([
      {
        type: "location",
        point: { latitude: 37.44, longitude: -122.16 },
        label: "HQ, 1 Hacker Way",
      },
    ]);
    const phones = [{ phone: "+1 541", wa_id: "1541" }, { wa_id: "1542" }];
    const contacts = [{ name: { formatted_name: "Pablo" }, phones }];
    expect(said({ type: "contacts", contacts }).content.parts).toEqual([
      { type: "contact", name: "Pablo", phones: ["+1 541", "1542"] },
    ]);
  });

  test("is a press of a quick reply, a button, a row of a list or a form, with the message that offered it", () => {
    const context = { from: "15550783881", id: "wamid.ours" };
    const press = (data: string) => ({ type: "press" as const, data, of: "wamid.ours" });
    const reply = { id: "b1", title: "Yes" };
    expect(
      said({ type: "button", button: { payload: "yes", text: "Yes" }, context }).content,
    ).toEqual({ text: "Yes", parts: [press("yes")] });
    for (const kind of ["button_reply", "list_reply"]) {
      const interactive = { type: kind, [kind]: reply };
      expect(said({ type: "interactive", interactive, context }).content).toEqual({
        text: "Yes",
        parts: [press("b1")],
      });
    }
    const form = { name: "flow", body: "Sent", response_json: '{"flow_token":"t"}' };
    const interactive = { type: "nfm_reply", nfm_reply: form };
    expect(said({ type: "interactive", interactive, context }).content).toEqual({
      text: "Sent",
      parts: [press('{"flow_token":"t"}')],
    });
  });

  test("says what it answers and that it was passed on", () => {
    const text = { body: "Hi" };
    expect(said({ type: "text", text, context: { id: "wamid.prev" } }).context).toEqual({
      replyTo: "wamid.prev",
      album: null,
      sender: null,
      forwardedFrom: null,
    });
    expect(said({ type: "text", text, context: { forwarded: true } }).context?.forwardedFrom).toBe(
      "somebody",
    );
  });

  test("of a kind without a word, or with nothing readable, is kept and shown as such", () => {
    const errors = [{ code: 131051, title: "Message type unknown" }];
    const what = (parts: Record<string, unknown>) => said(parts).content.parts;
    expect(what({ type: "unsupported", errors })).toEqual([
      { type: "unsupported", what: "unsupported 131051" },
    ]);
    expect(what({ type: "order", order: { catalog_id: "c" } })).toEqual([
      { type: "unsupported", what: "order" },
    ]);
    expect(what({ type: "request_welcome" })).toEqual([
      { type: "unsupported", what: "request_welcome" },
    ]);
    expect(what({ type: "image", image: "no object" })).toEqual([
      { type: "unsupported", what: "image" },
    ]);
    expect(what({})).toEqual([{ type: "unsupported", what: "unknown" }]);
    const text = { body: "How much?" };
    expect(
      what({ type: "text", text, referral: {}, context: { referred_product: {} } }),
    ).toMatchObject([{ what: "referral" }, { what: "referred_product" }]);
  });

  test("keeps ids that a double cannot hold", () => {
    const body = `{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{"metadata":{"phone_number_id":${whatsAppNumber}},"messages":[{"from":90071992547409931,"id":"w","type":"text","text":{"body":"Hi"}}]}}]}]}`;
    const webhook = readWebhook(channel, new TextEncoder().encode(body), whatsAppAccount);
    expect(webhook).toMatchObject({
      events: [{ subject: { identity: "90071992547409931" } }],
    });
  });
});

describe("what is done to an earlier message", () => {
  const sender = { id: person, name: "Sheena" };

  test("is a reaction, or one that was taken back", () => {
    const react = (emoji?: string) =>
      eventOf(heard({ type: "reaction", reaction: { message_id: "wamid.o", emoji } }));
    const event = { type: "reaction_changed" as const, messageId: "wamid.o", sender };
    expect(react("👍")).toEqual({ ...event, emoji: ["👍"] });
    expect(react("")).toEqual({ ...event, emoji: [] });
    expect(react()).toEqual({ ...event, emoji: [] });
  });

  test("is an edit with all its new content, or a revocation", () => {
    const image = { caption: "new", id: "77", mime_type: "image/jpeg" };
    const edited = { type: "image", image, context: { id: "M0" } };
    expect(
      eventOf(heard({ type: "edit", edit: { original_message_id: "wamid.o", message: edited } })),
    ).toEqual({
      type: "message_edited",
      messageId: "wamid.o",
      author: "client",
      content: {
        text: "new",
        parts: [{ type: "image", file: "77", name: null, mimeType: "image/jpeg", bytes: null }],
      },
      platformAt: atMs,
    });
    expect(eventOf(heard({ type: "revoke", revoke: { original_message_id: "wamid.o" } }))).toEqual({
      type: "messages_deleted",
      messageIds: ["wamid.o"],
    });
  });

  test("is ignored with a reason when it does not say to which", () => {
    for (const type of ["reaction", "edit", "revoke"])
      expect(heard({ type })).toMatchObject({ ignored: `invalid: ${type}` });
  });
});

test("a customer with a new number goes on in the conversation under it", () => {
  const system = { body: "A changed", wa_id: "16505550000", type: "user_changed_number" };
  expect(eventOf(heard({ type: "system", system }))).toEqual({
    type: "conversation_moved",
    address: '["phone","16505550000"]',
  });
  const other = { body: "Security code changed", type: "customer_identity_changed" };
  expect(eventOf(heard({ type: "system", system: other }))).toMatchObject({
    type: "side_message",
    kind: "system",
    content: { text: "Security code changed" },
  });
});

describe("what the business writes on its own phone", () => {
  const echo = (parts: Record<string, unknown>) => {
    const item = { from: "15550783881", to: person, id: "wamid.E", timestamp: at, ...parts };
    return read(envelope(change({ message_echoes: [item] }, "smb_message_echoes")));
  };

  test("is an operator's message in the customer's conversation", () => {
    expect(echo({ type: "text", text: { body: "Hello" } })).toEqual([
      {
        key: { bucket: 0, key: "e:wamid.E" },
        subject: { kind: "client", identity: person },
        event: {
          type: "outbound_message",
          messageId: "wamid.E",
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

  test("may be edited and taken back there", () => {
    const message = { type: "text", text: { body: "Text was edited" } };
    const edit = { original_message_id: "wamid.z", message };
    expect(echo({ type: "edit", edit })).toMatchObject([
      { event: { type: "message_edited", author: "operator", messageId: "wamid.z" } },
    ]);
    expect(echo({ type: "revoke", revoke: { original_message_id: "wamid.z" } })).toMatchObject([
      { event: { type: "messages_deleted", messageIds: ["wamid.z"] } },
    ]);
  });
});

describe("a status", () => {
  const status = (parts: Record<string, unknown>) => {
    const item = { id: "wamid.S", timestamp: at, recipient_id: person, ...parts };
    return read(envelope(change({ statuses: [item] })));
  };

  test("is a receipt of its message, whatever WhatsApp calls it", () => {
    const words = { sent: "sent", delivered: "delivered", read: "read", played: "read" };
    for (const [word, status_] of Object.entries(words))
      expect(status({ status: word })).toEqual([
        {
          key: { bucket: month, key: `s:${atMs}:wamid.S:${word}:` },
          subject: { kind: "client", identity: person },
          event: {
            type: "receipt",
            status: status_ as "sent",
            of: { kind: "message", messageId: "wamid.S" },
            detail: null,
          },
        },
      ]);
  });

  test("of a failure names the reply window, and carries the code of anything else", () => {
    const failed = (code: number) => {
      const [event] = status({ status: "failed", errors: [{ code, title: "t" }] });
      return event;
    };
    const detailed = (detail: string) => ({ event: { status: "failed", detail } });
    expect(failed(131047)).toMatchObject(detailed("outside_window graph_131047"));
    expect(failed(131026)).toMatchObject(detailed("unreachable graph_131026"));
    expect(failed(131049)).toMatchObject(detailed("graph_131049"));
    expect(failed(999_999)).toMatchObject(detailed("graph_999999"));
  });

  test("may come for somebody without a number, or for each member of a group", () => {
    const unnumbered = { recipient_id: undefined, recipient_user_id: userId };
    expect(status({ status: "sent", ...unnumbered })).toMatchObject([
      { subject: { identity: userId } },
    ]);
    const member = (id: string) => ({
      status: "read",
      recipient_type: "group",
      recipient_id: "G1",
      recipient_participant_id: id,
    });
    const keys = ["1", "2"].map((id) => status(member(id))[0]);
    expect(keys).toMatchObject([
      { key: { key: `s:${atMs}:wamid.S:read:1` }, subject: { identity: "group:G1" } },
      { key: { key: `s:${atMs}:wamid.S:read:2` }, subject: { identity: "group:G1" } },
    ]);
  });

  test("that takes a message back hides it, and an unknown one is kept as ignored", () => {
    expect(status({ status: "deleted" })).toMatchObject([
      { event: { type: "messages_deleted", messageIds: ["wamid.S"] } },
    ]);
    expect(status({ status: "warning" })).toMatchObject([{ ignored: "unknown_status" }]);
  });
});

describe("a batch", () => {
  const text = (id: string, from: string) => ({
    ...message({ type: "text", text: { body: id } }),
    id,
    from,
  });

  test("is all its entries, changes, messages and statuses, each with its own key and conversation", () => {
    const body = {
      object: "whatsapp_business_account",
      entry: [
        {
          changes: [
            change({ messages: [text("w1", "1"), text("w2", "2")] }),
            change({ statuses: [{ id: "w0", status: "read", recipient_id: "3", timestamp: at }] }),
          ],
        },
        { changes: [change({ messages: [text("w3", "1")] })] },
      ],
    };
    const events = read(body);
    expect(
      events.map((event) => ("subject" in event ? [event.key.key, event.subject] : [])),
    ).toEqual([
      ["m:w1", { kind: "client", identity: "1" }],
      ["m:w2", { kind: "client", identity: "2" }],
      [`s:${atMs}:w0:read:`, { kind: "client", identity: "3" }],
      ["m:w3", { kind: "client", identity: "1" }],
    ]);
  });

  test("cut anew or in another order has the same keys", () => {
    const whole = read(envelope(change({ messages: [text("w1", "1"), text("w2", "2")] })));
    const alone = read(envelope(change({ messages: [text("w2", "2")] })));
    expect(alone).toEqual(whole.slice(1));
  });

  test("with one bad item loses none of the others", () => {
    const items = [text("w1", "1"), { type: "text" }, 7, null, text("w2", "2")];
    const events = read(envelope(change({ messages: items })));
    expect(events.map((event) => ("ignored" in event ? event.ignored : event.key.key))).toEqual([
      "m:w1",
      "invalid: id",
      "invalid: id",
      "invalid: id",
      "m:w2",
    ]);
  });
});

describe("what is not for us or not for anybody", () => {
  const ignoredOf = (body: unknown) =>
    read(body).map((event) => ("ignored" in event ? event.ignored : "applied"));

  test("is kept with a reason", () => {
    expect(ignoredOf({})).toEqual(["not_whatsapp"]);
    expect(ignoredOf({ object: "page", entry: [] })).toEqual(["not_whatsapp"]);
    expect(ignoredOf({ object: "whatsapp_business_account" })).toEqual(["invalid: entry"]);
    expect(ignoredOf({ object: "whatsapp_business_account", entry: [{}] })).toEqual([
      "invalid: changes",
    ]);
    expect(ignoredOf(envelope({}))).toEqual(["unknown_field"]);
    expect(ignoredOf(envelope({ field: "calls", value: {} }))).toEqual(["not_used: calls"]);
    expect(ignoredOf(envelope({ field: "messages", value: {} }))).toEqual(["invalid: metadata"]);
    expect(ignoredOf(envelope(change({})))).toEqual(["invalid: value"]);
    expect(ignoredOf(envelope(change({ errors: [{ code: 131000 }] })))).toEqual(["platform_error"]);
  });

  test("is another number's message that came to our address", () => {
    const other = change({ metadata: { phone_number_id: "1" }, messages: [message({})] });
    expect(ignoredOf(envelope(other))).toEqual(["other_number"]);
  });

  test("never blocks a good event: a body that cannot be read has a key of its own", () => {
    const bad = heard({ type: "reaction" });
    const good = heard({ type: "reaction", reaction: { message_id: "wamid.o", emoji: "👍" } });
    expect(bad.key).not.toEqual(good.key);
  });
});
