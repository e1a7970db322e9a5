import type { ClientRecord, FakeAccount } from "./account.ts";
import type { JsonRecord } from "../../../fake-platform/exact-json.ts";

/** What a person or an operator put into a message; `fields` overwrites anything of the payload, for odd cases. */
export type MessageContent = {
  readonly text?: string;
  readonly photo?: string;
  readonly audio?: string;
  readonly video?: string;
  readonly pdf?: string;
  readonly coordinates?: string;
  readonly attachments?: readonly { readonly name: string; readonly link: string }[];
  readonly fields?: JsonRecord;
};

export type MessageHook = {
  readonly hookType: "inbox" | "outbox" | "comment" | "system_message";
  readonly type: string;
  readonly messageId: string;
  readonly operatorId: string | null;
  readonly client: ClientRecord;
  readonly content: MessageContent;
  readonly transport?: string;
};

const PHONE_PREFIXES: Readonly<Record<string, string>> = { telegram: "tg", widget: "chat" };

/** The full payload of a message hook, with every field that the platform documents. */
export function messagePayload(account: FakeAccount, hook: MessageHook): JsonRecord {
  const { content, client } = hook;
  const transport = hook.transport ?? account.transport;
  return {
    message_id: BigInt(hook.messageId),
    type: hook.type,
    text: content.text ?? "",
    transport,
    client_id: account.writeId(client.clientId),
    operator_id: hook.operatorId === null ? null : account.writeId(hook.operatorId),
    dialog_id: client.dialogId,
    channel_id: account.channelId,
    photo: content.photo ?? null,
    coordinates: content.coordinates ?? null,
    audio: content.audio ?? null,
    video: content.video ?? null,
    pdf: content.pdf ?? null,
    client: clientPayload(account, client.clientId, transport),
    hook_type: hook.hookType,
    request_id: client.requestId,
    attachments: content.attachments ?? [],
    is_new_request: client.isNewRequest,
    is_new_client: client.isNew,
    insta_comment: false,
    extra_data: {},
    is_new: true,
    event_time: new Date().toISOString(),
    ...content.fields,
  };
}

function clientPayload(account: FakeAccount, clientId: string, transport: string): JsonRecord {
  return {
    id: account.writeId(clientId),
    phone: `[${PHONE_PREFIXES[transport] ?? transport}] ${clientId}`,
    client_phone: null,
    name: `Client ${clientId}`,
    assigned_name: null,
    external_id: null,
  };
}

/** The payload of a hook about a dialog or request: a transfer to an operator or an end. */
export function dialogPayload(
  account: FakeAccount,
  client: ClientRecord,
  hook: {
    readonly hookType: "dialog_transferred" | "close_dialog" | "close_request";
    readonly operatorId: string | null;
  },
): JsonRecord {
  return {
    hook_type: hook.hookType,
    event_time: new Date().toISOString(),
    dialog_id: client.dialogId,
    request_id: client.requestId,
    client_id: account.writeId(client.clientId),
    operator_id: hook.operatorId === null ? null : account.writeId(hook.operatorId),
    channel_id: account.channelId,
  };
}
