import { CryptoHasher } from "bun";
import { textOf } from "./dialog.ts";
import type { Target } from "./commands.ts";

/** Writes the whole request of a client's message of this number, counted from 0. */
export type WebhookWriter = (client: number, message: number) => Uint8Array;

/** More than a client ever says; ids of messages are made of client and number. */
const messagesPerClientMax = 100_000;

/** The platform's id of a client's message. */
export function messageId(client: number, message: number): number {
  return client * messagesPerClientMax + message;
}

/** The writer for a target's platform. Signatures carry the time at which the writer was made. */
export function webhookWriter(target: Target): WebhookWriter {
  switch (target.dialect) {
    case "chat2desk":
      return chat2deskWriter(target);
    case "telegram":
      return telegramWriter(target);
  }
}

function chat2deskWriter({ paths, token }: Target): WebhookWriter {
  const now = new Date();
  const timestamp = String(Math.floor(now.getTime() / 1_000));
  const key = new CryptoHasher("md5").update(token).digest("hex");
  const keyed = new CryptoHasher("sha256", key);
  const rest = chat2deskRest(now);
  return (client, message) => {
    const body = `{"message_id":${messageId(client, message)},"client_id":${client},"client":{"id":${client},"phone":"[chat] bench","client_phone":null,"name":"bench","assigned_name":null,"external_id":null},"text":${JSON.stringify(textOf(client, message))},${rest}`;
    const signature = keyed.copy().update(body).update(timestamp).digest("hex");
    return post(
      pathOf(paths, client),
      body,
      `X-Signature: ${signature}\r\nX-Timestamp: ${timestamp}\r\n`,
    );
  };
}

/** The part of a message's body that is the same for all, as Chat2Desk sends it. */
function chat2deskRest(now: Date): string {
  const fields = {
    type: "from_client",
    transport: "widget",
    operator_id: null,
    dialog_id: 1,
    channel_id: 1,
    photo: null,
    coordinates: null,
    audio: null,
    pdf: null,
    hook_type: "inbox",
    request_id: 1,
    attachments: [],
    is_new_request: false,
    is_new_client: false,
    extra_data: {},
    is_new: true,
    event_time: now.toISOString(),
  };
  return JSON.stringify(fields).slice(1);
}

function telegramWriter({ paths }: Target): WebhookWriter {
  const date = Math.floor(Date.now() / 1_000);
  return (client, message) => {
    const id = messageId(client, message);
    const text = JSON.stringify(textOf(client, message));
    const body = `{"update_id":${id},"message":{"message_id":${id},"date":${date},"chat":{"id":${client},"type":"private","first_name":"bench"},"from":{"id":${client},"is_bot":false,"first_name":"bench"},"text":${text}}}`;
    return post(pathOf(paths, client), body, "");
  };
}

function pathOf(paths: readonly string[], client: number): string {
  return paths[client % paths.length] ?? "/";
}

function post(path: string, body: string, headers: string): Uint8Array {
  // Every text is ASCII, so that bytes are characters.
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`,
    "latin1",
  );
}
