import type { OriginId } from "../core/ids.ts";
import type { FreshEvent } from "../journal/journal.ts";
import type { Mail } from "../lane/lanes.ts";
import type { ChannelEvent } from "../message/event.ts";

/** What a mailbox entry says of an event: enough to decide it without reading PostgreSQL. */
export type MailedEvent = {
  readonly at: number;
  readonly o: OriginId;
  readonly n: string | null;
  readonly e: ChannelEvent;
};

/** The entry of a new event; its identity and origin come along so that a worker need not ask for them. */
export function mailOf(event: FreshEvent): Mail {
  const mailed: MailedEvent = {
    at: event.at,
    o: event.origin.id,
    n: event.identity,
    e: event.event,
  };
  return {
    tenant: event.origin.tenant,
    conversation: event.conversation,
    id: event.id,
    event: JSON.stringify(mailed),
  };
}

/** Our own writing, so it is read without a second check; null when the event was too large to be kept in Redis. */
export function readMail(text: string): MailedEvent | null {
  if (text === "") return null;
  const mailed: MailedEvent = JSON.parse(text);
  return mailed;
}
