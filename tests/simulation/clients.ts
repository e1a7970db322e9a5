import { type ConversationId, conversationOf } from "../../src/core/ids.ts";
import type { ChannelEvent } from "../../src/message/event.ts";
import type { Origin } from "../../src/tenants/origins.ts";
import type { Inbound } from "./inbound.ts";
import type { InboundHistory, Written } from "./inbound-history.ts";
import { type Poison, textOf } from "./recording-dialog.ts";
import { clientMessage } from "./simulated-channel.ts";
import type { Stage } from "./stage.ts";

/** The simulated platform's side of the webhooks: it delivers every event until it is acknowledged, and sometimes once more. */
export type Clients = {
  readonly write: (message: Written & { readonly origin: Origin; readonly text: string }) => void;
  /** Tells something that no client wrote. */
  readonly tell: (told: Told) => void;
  /** Whether everything is acknowledged. */
  readonly isSilent: () => boolean;
};

export type Told = {
  readonly origin: Origin;
  readonly conversation: ConversationId;
  readonly key: string;
  readonly event: ChannelEvent;
};

type Parts = {
  readonly stage: Stage;
  readonly inbound: Inbound;
  readonly history: Pick<InboundHistory, "written" | "received" | "acknowledged">;
};
type Item = {
  readonly origin: Origin;
  readonly client: string;
  readonly key: string;
  readonly event: ChannelEvent;
  /** Null for what no client wrote. */
  readonly number: number | null;
};

const retryMs = 1_200;
const copyMsMax = 2_000;
const copyShare = 0.2;

export function newClients({ stage, inbound, history }: Parts): Clients {
  const { world } = stage;
  const { random } = world;
  const names = new Map<ConversationId, string>();
  let open = 0;

  const deliver = ({ origin, client, key, event, number }: Item): void => {
    const items = [{ key, client, event }];
    const raw = new TextEncoder().encode(JSON.stringify({ number, items }));
    let acknowledged = false;
    open += 1;
    const post = (): void => {
      inbound.post({
        origin,
        items,
        raw,
        onReceived: () => {
          if (number !== null) history.received(number);
        },
        onAnswer: (stored) => {
          if (!stored || acknowledged) return;
          acknowledged = true;
          open -= 1;
          if (number !== null) history.acknowledged(number);
        },
      });
    };
    const insist = (): void => {
      if (acknowledged) return;
      post();
      world.after(retryMs, insist);
    };
    insist();
    if (random.chance(copyShare)) world.after(random.int(copyMsMax), post);
  };

  return {
    write: ({ origin, text, ...message }) => {
      const { number, client, conversation } = message;
      names.set(conversation, client);
      history.written(message);
      const key = `m${number}`;
      const event = clientMessage(key, client, text);
      deliver({ origin, client, key, event, number });
    },
    tell: ({ conversation, ...told }) =>
      deliver({ ...told, client: names.get(conversation) ?? "nobody", number: null }),
    isSilent: () => open === 0,
  };
}

const clientsMax = 5;
const messagesMax = 8;
const poisonedShare = 0.3;

/** Lets some clients write some messages before the stage is quiet; up to `poison` of the messages of some clients are bad. */
export function letClientsWrite(
  clients: Clients,
  given: {
    readonly stage: Stage;
    readonly origins: readonly [Origin, ...Origin[]];
    readonly poison: number;
    /** What a client writes; by default which message it is. */
    readonly textOf?: (client: string) => string;
  },
): void {
  const { world, temper } = given.stage;
  const { random } = world;
  let number = 0;
  const begin = (client: string): void => {
    const origin = random.pick(given.origins);
    const subject = { kind: "client", identity: client } as const;
    const conversation = conversationOf(origin.tenant, origin.id, subject);
    const isPoisoned = random.chance(poisonedShare);
    const write = (left: number): void => {
      number += 1;
      const poison = isPoisoned && random.chance(given.poison) ? random.pick(poisons) : null;
      const text = given.textOf?.(client) ?? textOf(number, poison);
      clients.write({ origin, number, client, conversation, poison, text });
      const ms = random.chance(0.3) ? 0 : random.int(temper.quietAtMs / messagesMax);
      if (left > 1) world.after(ms, () => write(left - 1));
    };
    world.after(random.int(temper.quietAtMs / 4), () => write(1 + random.int(messagesMax)));
  };
  for (let count = 1 + random.int(clientsMax); count > 0; count -= 1) begin(`client ${count}`);
}

const poisons: readonly [Poison, ...Poison[]] = ["throws", "kills", "breaks_commit"];
