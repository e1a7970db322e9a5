import type { Limits, ScopeLimit } from "../channel.ts";
import { chatOf } from "./place.ts";

/** Telegram's own figures: so many messages a second for the bot, one a second in a chat, twenty a minute in a group. */
const botRate = { count: 30, windowMs: 1_000 };
const chatRate = { count: 1, windowMs: 1_000 };
const groupRate = { count: 20, windowMs: 60_000 };

/** The limit of a chat, which is what a 429 may name. */
export function chatScope(chat: number | string): string {
  return `c${chat}`;
}

/** Topics of a group share what the group may get. Ids of groups and channels are negative. */
function scopesOf(identity: string): readonly ScopeLimit[] {
  const chat = chatOf(identity);
  const own = { key: chatScope(chat), ...chatRate };
  return chat.startsWith("-") ? [own, { key: `g${chat}`, ...groupRate }] : [own];
}

/** Text counts after its markup was read, in units that Telegram does not name: UTF-16 units are never more. */
export const limits: Limits = {
  account: botRate,
  scopes: scopesOf,
  scopesWithinMs: groupRate.windowMs,
  text: { max: 4_096, unit: "utf16" },
  caption: { max: 1_024, unit: "utf16" },
};
