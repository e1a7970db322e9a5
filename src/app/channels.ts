import type { Channel } from "../channels/channel.ts";
import { createChat2Desk } from "../channels/chat2desk/chat2desk.ts";
import { createInstagram } from "../channels/meta/instagram/instagram.ts";
import { createMessenger } from "../channels/meta/messenger/messenger.ts";
import { createWhatsApp } from "../channels/meta/whatsapp/whatsapp.ts";
import { createTelegram } from "../channels/telegram/telegram.ts";
import { createHttpClient } from "../platform/http/client.ts";
import { type Accounts, createAccounts } from "../tenants/accounts.ts";
import { createKeyring } from "../tenants/keyring.ts";
import type { Config } from "./config.ts";

export type Channels = ReadonlyMap<string, Channel>;

/** Every channel that Hookdesk speaks; a new one is one line here. */
export function createChannels(): Channels {
  const http = createHttpClient();
  const channels: readonly Channel[] = [
    createChat2Desk({ http }),
    createTelegram({ http }),
    createWhatsApp({ http }),
    createMessenger({ http }),
    createInstagram({ http }),
  ];
  return new Map(channels.map((channel) => [channel.name, channel]));
}

/** What opens and seals the accounts of these channels' origins. */
export function createAccountsFor(
  channels: Channels,
  config: Pick<Config, "secretKeys">,
): Accounts {
  return createAccounts(
    (name) => channels.get(name)?.credentials,
    createKeyring(config.secretKeys),
  );
}
