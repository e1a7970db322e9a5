import { describe, expect, test } from "bun:test";
import type { ReadEvent } from "../../../../src/channels/channel.ts";
import { acknowledge } from "../../../../src/channels/telegram/acknowledge.ts";
import { allowedUpdates, readUpdate } from "../../../../src/channels/telegram/read.ts";

const person = {
  id: 3_527_065,
  is_bot: false,
  first_name: "Nic",
  last_name: "Doe",
  username: "nic",
};
const chat = { id: 3_527_065, first_name: "Nic", type: "private" };
const group = { id: -100_500, title: "Friends", type: "supergroup" };
const date = 1_454_119_029;
const plain = { message_id: 41, from: person, chat, date };
const bucket = 2016 * 12 + 1;

function readAll(update: object): readonly ReadEvent[] {
  const raw = new TextEncoder().encode(JSON.stringify(update));
  return readUpdate({ json: { ...update }, raw });
}

function read(update: object): ReadEvent {
  const [event, ...more] = readAll({ update_id: 5, ...update });
  if (event === undefined || more.length > 0) throw new Error(`${more.length + 1} events`);
  return event;
}

const said = (fields: object) => read({ message: { ...plain, ...fields } });
const content = (fields: object) => {
  const found = said(fields);
  if (!("event" in found) || found.event.type !== "client_message") throw new Error("no message");
  return found.event.content;
};

describe("a message", () => {
  test("in a private chat is the customer's, with a name, an address and a key of its month", () => {
    expect(said({ text: "Hello" })).toEqual({
      key: { bucket, key: "u:000000000005" },
      subject: { kind: "client", identity: "3527065" },
      event: {
        type: "client_message",
        messageId: "3527065:41",
        content: { text: "Hello", parts: [] },
        context: null,
        address: "[3527065]",
        contact: {
          name: "Nic Doe",
          assignedName: null,
          phone: null,
          username: "nic",
          externalId: null,
        },
        requestId: null,
        unanswered: null,
      },
    });
  });

  test("in a group belongs to the group, and says who wrote", () => {
    expect(read({ message: { ...plain, chat: group, text: "Hi" } })).toMatchObject({
      subject: { identity: "-100500" },
      event: {
        messageId: "-100500:41",
        address: "[-100500]",
        contact: { name: "Friends" },
        context: { sender: { id: "3527065", name: "Nic Doe" } },
      },
    });
  });

  test("in a topic is a conversation of its own, and the line that opened it is no reply", () => {
    const topic = { message_thread_id: 7, is_topic_message: true };
    const message = { ...plain, ...topic, chat: group, reply_to_message: { message_id: 7 } };
    expect(read({ message })).toMatchObject({
      subject: { identity: "-100500/7" },
      event: { address: "[-100500,7]", context: { replyTo: null } },
    });
    const answer = { ...message, reply_to_message: { message_id: 9 } };
    expect(read({ message: answer })).toMatchObject({
      event: { context: { replyTo: "-100500:9" } },
    });
    // A thread of replies in a group without topics is no topic.
    const thread = { ...plain, chat: group, message_thread_id: 7 };
    expect(read({ message: thread })).toMatchObject({ subject: { identity: "-100500" } });
  });

  test("of an album, a forward or a reply says so", () => {
    const origin = { type: "hidden_user", sender_user_name: "Somebody Else", date };
    const around = { media_group_id: "13", forward_origin: origin, reply_to_message: plain };
    expect(said({ ...around, text: "x" })).toMatchObject({
      event: {
        context: {
          album: "13",
          forwardedFrom: "Somebody Else",
          replyTo: "3527065:41",
          sender: null,
        },
      },
    });
  });

  test("of a channel or of a bot is kept and not answered", () => {
    const post = { ...plain, chat: { id: -100, type: "channel", title: "News" }, text: "x" };
    expect(read({ channel_post: post })).toMatchObject({ event: { unanswered: "broadcast" } });
    const bot = { ...plain, chat: group, from: { ...person, is_bot: true }, text: "x" };
    expect(read({ message: bot })).toMatchObject({ event: { unanswered: "automatic" } });
  });

  test("in a business account's chat is the customer's or the owner's", () => {
    const business = { ...plain, business_connection_id: "bc", text: "x" };
    expect(read({ business_message: business })).toMatchObject({
      subject: { identity: "3527065@bc" },
      event: {
        type: "client_message",
        messageId: "3527065:41@bc",
        address: '[3527065,null,null,"bc"]',
      },
    });
    const owner = { ...business, from: { id: 9, is_bot: false, first_name: "Owner" } };
    expect(read({ business_message: owner })).toMatchObject({
      event: {
        type: "outbound_message",
        author: "operator",
        operatorId: "9",
        platformAt: date * 1_000,
      },
    });
    const ours = { ...owner, sender_business_bot: { id: 1, is_bot: true, first_name: "Bot" } };
    expect(read({ business_message: ours })).toMatchObject({ event: { author: "automatic" } });
  });
});

describe("content", () => {
  const file = {
    file_id: "F",
    file_unique_id: "u",
    file_size: 9,
    mime_type: "a/b",
    file_name: "n",
  };
  const part = (type: string) => ({ type, file: "F", name: "n", mimeType: "a/b", bytes: 9 });

  test.each([
    ["animation", "video"],
    ["video", "video"],
    ["video_note", "video"],
    ["audio", "audio"],
    ["voice", "voice"],
    ["sticker", "sticker"],
    ["document", "file"],
  ])("%s is a %s, with its caption", (field, type) => {
    const also = field === "animation" ? { document: { ...file, file_id: "D" } } : {};
    expect(content({ [field]: file, ...also, caption: "c" })).toEqual({
      text: "c",
      parts: [part(type)],
    } as never);
  });

  test("a photo is its largest size", () => {
    const sizes = [
      { file_id: "big", width: 800, height: 600, file_size: 5 },
      { file_id: "small", width: 90, height: 67 },
    ];
    expect(content({ photo: sizes }).parts).toMatchObject([
      { type: "image", file: "big", bytes: 5 },
    ]);
  });

  test("a place may have a name, and a contact a number", () => {
    const location = { latitude: 1.5, longitude: 2.5 };
    expect(content({ location }).parts).toEqual([
      { type: "location", point: location, label: null },
    ]);
    const venue = { location, title: "HQ", address: "Street 1" };
    expect(content({ venue, location }).parts).toMatchObject([{ label: "HQ, Street 1" }]);
    const contact = { phone_number: "+12", first_name: "A", last_name: "B" };
    expect(content({ contact }).parts).toEqual([{ type: "contact", name: "A B", phones: ["+12"] }]);
  });

  test("what the common format has no word for is kept by Telegram's own", () => {
    expect(content({ poll: { question: "Why?" } })).toEqual({
      text: "Why?",
      parts: [{ type: "unsupported", what: "poll" }],
    });
    expect(content({ dice: { emoji: "🎲", value: 1 } }).parts).toEqual([
      { type: "unsupported", what: "dice" },
    ]);
    expect(content({ something_of_next_year: { a: 1 } }).parts).toEqual([
      { type: "unsupported", what: "something_of_next_year" },
    ]);
    expect(content({}).parts).toEqual([{ type: "unsupported", what: "nothing" }]);
  });

  test("what happened in a chat is a line that nobody said", () => {
    const joined = { ...plain, chat: group, new_chat_members: [person] };
    expect(read({ message: joined })).toMatchObject({
      event: {
        type: "side_message",
        kind: "system",
        content: { text: "Nic Doe", parts: [{ type: "unsupported", what: "new_chat_members" }] },
      },
    });
  });

  test("a group that moved says where, as a second event of the same update", () => {
    const message = { ...plain, chat: { ...group, id: -5 }, migrate_to_chat_id: -100_777 };
    const [line, moved] = readAll({ update_id: 6, message });
    expect(line).toMatchObject({ key: { key: "u:000000000006" }, event: { type: "side_message" } });
    expect(moved).toEqual({
      key: { bucket, key: "u:000000000006:moved" },
      subject: { kind: "client", identity: "-5" },
      event: { type: "conversation_moved", address: "[-100777]" },
    });
  });
});

describe("what happens to messages", () => {
  test("an edit is told with the time of the edit", () => {
    const edited_message = { ...plain, edit_date: date + 71, text: "fixed" };
    expect(read({ edited_message })).toMatchObject({
      event: {
        type: "message_edited",
        messageId: "3527065:41",
        author: "client",
        content: { text: "fixed" },
        platformAt: (date + 71) * 1_000,
      },
    });
  });

  test("a reaction is all that one person says now, whatever kind of emoji it is", () => {
    const types = [
      { type: "emoji", emoji: "👍" },
      { type: "custom_emoji", custom_emoji_id: "77" },
      { type: "paid" },
    ];
    const reaction = { chat, message_id: 41, user: person, date, old_reaction: [] };
    expect(read({ message_reaction: { ...reaction, new_reaction: types } })).toMatchObject({
      event: {
        type: "reaction_changed",
        messageId: "3527065:41",
        sender: { id: "3527065" },
        emoji: ["👍", "custom:77", "⭐"],
      },
    });
    const anonymous = { ...reaction, user: undefined, actor_chat: group, new_reaction: [] };
    expect(read({ message_reaction: anonymous })).toMatchObject({
      event: { sender: { id: "-100500", name: "Friends" }, emoji: [] },
    });
  });

  test("deletions in a business chat name every message", () => {
    const deleted = { business_connection_id: "bc", chat, message_ids: [1, 2] };
    expect(read({ deleted_business_messages: deleted })).toMatchObject({
      subject: { identity: "3527065@bc" },
      event: { type: "messages_deleted", messageIds: ["3527065:1@bc", "3527065:2@bc"] },
    });
  });
});

describe("a pressed button", () => {
  const reply_markup = { inline_keyboard: [[{ text: "Yes, please", callback_data: "yes" }]] };
  const query = { id: "4382bfd", from: person, chat_instance: "-1", data: "yes" };
  const pressed = (more: object) => read({ callback_query: { ...query, ...more } });

  test("says what stands on it, what it carries and which message offered it", () => {
    expect(pressed({ message: { ...plain, message_id: 50, reply_markup } })).toMatchObject({
      subject: { identity: "3527065" },
      event: {
        type: "client_message",
        messageId: "press:4382bfd",
        content: {
          text: "Yes, please",
          parts: [{ type: "press", data: "yes", of: "3527065:50" }],
        },
        address: "[3527065]",
      },
    });
  });

  test("on a message that is too old to be told still says what it carries", () => {
    const old = { message_id: 50, date: 0, chat };
    expect(pressed({ message: old })).toMatchObject({
      key: { bucket: 0 },
      event: { content: { text: "yes" } },
    });
    expect(pressed({ message: undefined })).toMatchObject({ subject: { identity: "3527065" } });
  });

  test("is answered with the webhook, and nothing else is", () => {
    const answer = acknowledge([pressed({ message: plain })]);
    expect(answer.contentType).toBe("application/json");
    expect(JSON.parse(answer.body)).toEqual({
      method: "answerCallbackQuery",
      callback_query_id: "4382bfd",
    });
    expect(acknowledge([said({ text: "press:4382bfd" })]).body).toBe("ok");
    expect(acknowledge([]).body).toBe("ok");
  });
});

describe("other updates", () => {
  test("blocked and let in again is whether the customer can be reached", () => {
    const changed = (status: string) => ({
      my_chat_member: { chat, from: person, date, new_chat_member: { status } },
    });
    for (const [status, reachable] of [
      ["kicked", false],
      ["left", false],
      ["member", true],
    ] as const)
      expect(read(changed(status))).toMatchObject({
        event: { type: "reachability_changed", reachable },
      });
  });

  test("who came and who asks to be let in is a line in the group", () => {
    const new_chat_member = { user: person, status: "member" };
    expect(
      read({ chat_member: { chat: group, from: person, date, new_chat_member } }),
    ).toMatchObject({
      event: { type: "side_message", messageId: "update:5", content: { text: "Nic Doe: member" } },
    });
    expect(read({ chat_join_request: { chat: group, from: person, date } })).toMatchObject({
      event: { content: { parts: [{ what: "chat_join_request" }] } },
    });
  });

  test("every kind of the Bot API is asked for, and is read or kept with the reason", () => {
    expect(allowedUpdates).toHaveLength(27);
    for (const kind of allowedUpdates) {
      const found = read({ [kind]: {} });
      expect([kind, "ignored" in found && /^(?:invalid|not_used): /.test(found.ignored)]).toEqual([
        kind,
        true,
      ]);
    }
  });

  test("a kind that nobody knows yet is kept, and so is what is no update", () => {
    expect(read({ hologram: { chat } })).toMatchObject({
      key: { key: "u:000000000005" },
      ignored: "unknown_update",
    });
    expect(read({ update_id: "5", message: plain })).toMatchObject({
      ignored: "invalid: update_id",
    });
    expect(read({ message: { ...plain, chat: {} } })).toMatchObject({
      ignored: "invalid: message.chat",
    });
  });
});
