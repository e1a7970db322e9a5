import {
  type Capabilities,
  incomingKinds,
  outgoingKinds,
  outgoingManners,
  type Unsupported,
} from "../../src/channels/capability.ts";
import { type Channel, plainAcknowledgement } from "../../src/channels/channel.ts";
import type { ReplyAddress } from "../../src/message/message.ts";

const none: Unsupported = { unsupported: "a channel of a test" };

function all<Key extends string>(keys: readonly Key[]): Record<Key, Unsupported> {
  return Object.fromEntries(keys.map((key) => [key, none])) as Record<Key, Unsupported>;
}

const capabilities: Capabilities = {
  incoming: all(incomingKinds),
  outgoing: all([...outgoingKinds, ...outgoingManners]),
  replyWindowMs: none,
};

/** A channel of which only the named parts do anything; addresses are the clients' ids themselves. */
export function bareChannel(parts: Partial<Channel> & Pick<Channel, "name">): Channel {
  return {
    title: parts.name,
    apiUrl: "http://127.0.0.1:9",
    credentials: [],
    capabilities,
    limits: {
      account: { count: 1_000, windowMs: 1_000 },
      scopes: () => [],
      scopesWithinMs: 0,
      text: { max: 4_096, unit: "utf16" },
      caption: { max: 1_024, unit: "utf16" },
    },
    sendTimeoutMs: 1_000,
    idempotency: none,
    verify: () => ({ ok: true }),
    handshake: none,
    read: () => [],
    acknowledge: () => plainAcknowledgement,
    send: async () => ({ type: "not_sent", detail: "nobody_there" }),
    media: none,
    registration: none,
    backfill: none,
    renewal: none,
    ...parts,
  };
}

/** The address of a client of a bare channel. */
export function bareAddress(client: string): ReplyAddress {
  return client;
}
