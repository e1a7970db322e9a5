import type { Channel, ReadEvent } from "../../src/channels/channel.ts";
import type { ChannelEvent, ClientMessage, OutboundMessage } from "../../src/message/event.ts";
import type { Content } from "../../src/message/message.ts";
import { bareAddress, bareChannel } from "../support/bare-channel.ts";

/** One item of a simulated webhook: our own events, written as they are. */
export type SimulatedItem = {
  readonly key: string;
  readonly client: string;
  readonly event: ChannelEvent;
};

/** How long a send may take, ms. */
export const sendTimeoutMs = 1_000;

/** The channel of the simulated platform; `send` is what reaches it. */
export function createSimulatedChannel(send: Channel["send"]): Channel {
  return bareChannel({
    name: "simulated",
    sendTimeoutMs,
    read: ({ json }) => {
      const { items }: { readonly items: readonly SimulatedItem[] } = JSON.parse(
        JSON.stringify(json),
      );
      return items.map(readItem);
    },
    send,
  });
}

export function readItem({ key, client, event }: SimulatedItem): ReadEvent {
  return { key: { bucket: 0, key }, subject: { kind: "client", identity: client }, event };
}

function contentOf(text: string): Content {
  return { text, parts: [] };
}

export function clientMessage(key: string, client: string, text: string): ClientMessage {
  return {
    type: "client_message",
    messageId: key,
    content: contentOf(text),
    context: null,
    address: bareAddress(client),
    contact: null,
    requestId: null,
    unanswered: null,
  };
}

/** What was sent to a client, told by the platform. */
export function outboundMessage(
  messageId: string,
  text: string,
  author: OutboundMessage["author"],
): OutboundMessage {
  return {
    type: "outbound_message",
    platformAt: null,
    messageId,
    author,
    operatorId: null,
    content: contentOf(text),
    context: null,
    live: true,
  };
}
