import { outgoingKinds } from "../../../src/channels/capability.ts";
import type { AccountOptions } from "../../../src/channels/meta/fake/account.ts";
import { type FakeMeta, startFakeMeta } from "../../../src/channels/meta/fake/platform.ts";
import type { SendEntry } from "../../../src/channels/meta/fake/platform-log.ts";
import { metaSecrets } from "../../support/meta-accounts.ts";
import type { ChannelHarness, Taken, Told } from "../channel-harness.ts";

/** What the harnesses of the family share. */
export type MetaStage = {
  readonly platform: FakeMeta;
  readonly say: (speech: object) => Promise<unknown>;
  readonly fate: (messageId: string, status: string, more?: object) => Promise<unknown>;
  readonly next: (mode: string, more?: object) => Promise<unknown>;
};

/** Starts the fake with one account; `clientId` is the customer of everything that is said. */
export async function openMeta(
  account: Pick<AccountOptions, "product" | "id" | "businessId" | "appId">,
  clientId: string,
): Promise<MetaStage> {
  const platform = await startFakeMeta({
    timeScale: 100,
    accounts: [
      {
        ...account,
        token: metaSecrets.token,
        appSecret: metaSecrets["app-secret"],
        webhookUrl: "http://127.0.0.1:9/nobody",
      },
    ],
  });
  return {
    platform,
    say: (speech) => platform.say({ clientId, ...speech }),
    fate: (messageId, status, more = {}) =>
      platform.control({ do: "fate", clientId, messageId, status, ...more }),
    next: (mode, more = {}) => platform.control({ do: "sends", fault: { mode, ...more }, next: 1 }),
  };
}

/** Secrets that the platform does not know. */
export const strange = { token: "another", "app-secret": "another", "verify-token": "another" };

/** What all three are told alike. */
export function tellsOf({ platform, say, fate }: MetaStage, clientId: string) {
  return {
    text: () => say({ text: "Hello" }),
    image: ({ file }: Told) => say({ photo: file.url }),
    video: ({ file }: Told) => say({ video: file.url }),
    audio: ({ file }: Told) => say({ audio: file.url }),
    file: ({ file }: Told) => say({ file: file.url }),
    press: ({ ours }: Told) => say({ press: { title: "Yes", data: "y:1", of: ours } }),
    reply: ({ ours }: Told) => say({ text: "This one", replyTo: ours }),
    reaction: ({ ours }: Told) => say({ reaction: { of: ours, emoji: "👍" } }),
    edit: () => say({ edit: { of: "earlier", text: "Hello again" } }),
    deletion: () => say({ revoke: "earlier" }),
    receipt_read: ({ ours }: Told) => fate(ours, "read"),
    echo: () => platform.control({ do: "say", by: "business", clientId, text: "From my phone" }),
    unsupported: () => say({ unsupported: true }),
  } satisfies ChannelHarness["tells"];
}

/** Everything about the platform that does not depend on the product. */
export function platformOf({ platform }: MetaStage) {
  return {
    deliverTo: async (webhookUrl: string) =>
      void (await platform.control({ do: "settings", webhookUrl })),
    taken: () =>
      platform.log.since(0).flatMap((entry) => (entry.kind === "send" ? [takenOf(entry)] : [])),
    question: {
      query: new URLSearchParams({
        "hub.mode": "subscribe",
        "hub.challenge": "1158201444",
        "hub.verify_token": metaSecrets["verify-token"],
      }),
      answer: "1158201444",
    },
    close: platform.stop,
  };
}

/** Voice notes go out as audio: the platform's word for both. */
function takenOf(entry: SendEntry): Taken {
  const { messageId, says, text, what, buttons, replyTo } = entry;
  const kind = says === "audio" ? "any file" : outgoingKinds.find((known) => known === says);
  return { messageId, kind: kind ?? "any file", text, what, buttons, replyTo };
}
