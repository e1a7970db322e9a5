import { createChat2Desk } from "../../../src/channels/chat2desk/chat2desk.ts";
import type { SendEntry } from "../../../src/channels/chat2desk/fake/platform-log.ts";
import { startFakeChat2Desk } from "../../../src/channels/chat2desk/fake/platform.ts";
import { createHttpClient } from "../../../src/platform/http/client.ts";
import type { ChannelHarness, Taken, Told } from "../channel-harness.ts";

const token = "canary-chat2desk-token";
const clientId = 17;
const shortMs = 400;

/** Chat2Desk and its fake. */
export async function openChat2Desk(): Promise<ChannelHarness> {
  const platform = await startFakeChat2Desk({
    accounts: [{ token, webhookUrl: "http://127.0.0.1:9/nobody" }],
    timeScale: 100,
  });
  const http = createHttpClient();
  const account = { apiUrl: platform.url, credentials: { token, signature: "required" } };
  const say = (content: object) => platform.say({ clientId, ...content });
  const next = (mode: string, more: object = {}) =>
    platform.control({ do: "sends", fault: { mode, ...more }, next: 1 });
  return {
    channel: createChat2Desk({ http, sendTimeoutMs: shortMs }),
    account,
    stranger: { ...account, credentials: { ...account.credentials, token: "another" } },
    deliverTo: async (url) => void (await platform.control({ do: "webhookUrl", url })),
    tells: {
      text: () => say({ text: "Hello" }),
      image: ({ file }: Told) => say({ photo: file.url }),
      video: ({ file }: Told) => say({ video: file.url }),
      audio: ({ file }: Told) => say({ audio: file.url }),
      file: ({ file }: Told) => say({ attachments: [{ name: "a.png", link: file.url }] }),
      location: () => say({ coordinates: "43.25,76.5" }),
      receipt_failed: ({ ours }: Told) =>
        platform.control({ do: "hook", payload: failedStatus(ours) }),
      echo: () => platform.control({ do: "operatorSays", clientId, operatorId: 9, text: "Hi" }),
    },
    taken: () =>
      platform.log.since(0).flatMap((entry) => (entry.kind === "send" ? [takenOf(entry)] : [])),
    ends: {
      sent: async () => undefined,
      throttled: () => next("throttle", { retryAfter: "2" }),
      rejected: () => next("bad-request"),
      failed: () => next("error"),
      quota: () => next("quota"),
      unknown: () => next("cut-after-reading"),
    },
    close: platform.stop,
  };
}

function failedStatus(messageId: string) {
  return {
    hook_type: "outbox_status",
    event_time: new Date().toISOString(),
    data: { client_id: clientId, message_id: Number(messageId) },
  };
}

function takenOf(entry: SendEntry): Taken {
  const body: { readonly inline_buttons?: readonly { readonly text: string }[] } = JSON.parse(
    entry.body,
  );
  const { messageId, text, attachment } = entry;
  return {
    messageId,
    kind: attachment === null ? "text" : "any file",
    text,
    what: attachment,
    buttons: (body.inline_buttons ?? []).map((button) => button.text),
    replyTo: null,
  };
}
