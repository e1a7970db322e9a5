import type { Update } from "@grammyjs/types";
import type { JsonRecord } from "../../../fake-platform/exact-json.ts";
import type { FakeBot, FakeChat } from "./bot.ts";

/** An update on its way: which chat's (or person's) line it stands in, and until when it is worth delivering. */
export type Posted = {
  readonly updateId: number;
  readonly kind: string;
  readonly body: JsonRecord;
  readonly queue: string;
  readonly lifeMs: number;
};

const messageLifeMs = 24 * 3_600_000;
const pressLifeMs = 150_000;

/** A person as updates name them. */
export function userOf(id: number): JsonRecord {
  return { id, is_bot: false, first_name: `Client ${id}`, language_code: "en" };
}

/** A chat as updates name it. */
export function chatPayload(chat: FakeChat): JsonRecord {
  const named = chat.kind === "private" ? { first_name: chat.title } : { title: chat.title };
  return { id: chat.id, type: chat.kind, ...named };
}

export type Written = {
  readonly chat: FakeChat;
  readonly from: number;
  readonly messageId: number;
  /** Overwrites and adds fields of the message. */
  readonly fields: JsonRecord;
};

/** A message as it stands in updates. */
export function messagePayload({ chat, from, messageId, fields }: Written): JsonRecord {
  return {
    message_id: messageId,
    ...(chat.kind === "channel" ? {} : { from: userOf(from) }),
    chat: chatPayload(chat),
    date: nowS(),
    ...fields,
  };
}

/** Seals an update: its number, and the line in which it waits. */
export function postOf(bot: FakeBot, kind: string, value: JsonRecord): Posted {
  const updateId = bot.takeUpdateId();
  const pressed = kind === "callback_query";
  return {
    updateId,
    kind,
    body: { update_id: updateId, [kind]: value },
    queue: pressed ? `u${idOf(value["from"])}` : `c${idOf(value["chat"])}`,
    lifeMs: pressed ? pressLifeMs : messageLifeMs,
  };
}

/** What `getUpdates` hands out of it. */
export function asUpdate(posted: Posted): Update {
  const update: Update = JSON.parse(JSON.stringify(posted.body));
  return update;
}

function idOf(value: unknown): string {
  return typeof value === "object" && value !== null && "id" in value ? String(value.id) : "0";
}

/** Telegram counts seconds. */
export function nowS(): number {
  return Math.floor(Date.now() / 1_000);
}
