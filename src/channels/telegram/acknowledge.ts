import { type Acknowledgement, plainAcknowledgement, type ReadEvent } from "../channel.ts";
import { pressMark } from "./occurrences.ts";

/**
 * The client of who pressed a button spins until the press is answered. Telegram takes a method in the answer to a webhook, so
 * nothing has to be called, counted or remembered for it.
 */
export function acknowledge(events: readonly ReadEvent[]): Acknowledgement {
  const press = events.map(pressOf).find((id) => id !== null) ?? null;
  if (press === null) return plainAcknowledgement;
  const body = { method: "answerCallbackQuery", callback_query_id: press };
  return { contentType: "application/json", body: JSON.stringify(body) };
}

function pressOf(read: ReadEvent): string | null {
  if (!("event" in read) || read.event.type !== "client_message") return null;
  const { messageId } = read.event;
  return messageId.startsWith(pressMark) ? messageId.slice(pressMark.length) : null;
}
