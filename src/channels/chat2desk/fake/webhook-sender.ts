import {
  Courier,
  type CourierOptions,
  type Delivery,
  type LetterSubject,
} from "../../../fake-platform/courier.ts";
import { encodeJson, type JsonRecord } from "../../../fake-platform/exact-json.ts";
import type { FakeAccount } from "./account.ts";
import type { PlatformLog } from "./platform-log.ts";
import { signWebhook } from "./signature.ts";

export type WebhookSenderOptions = Omit<CourierOptions<HookSubject>, "onPosted"> & {
  readonly log: PlatformLog;
};

type HookSubject = LetterSubject & { readonly messageId: string | null };

/** Delivers webhooks as Chat2Desk does: one event, one body and one timestamp, posted until somebody says 2xx. */
export class WebhookSender {
  readonly #courier: Courier<HookSubject>;

  constructor({ log, ...options }: WebhookSenderOptions) {
    this.#courier = new Courier({
      ...options,
      onPosted: ({ account, about }, posted) =>
        void log.append(account, { kind: "webhook", ...about, ...posted }),
    });
  }

  /** Starts the delivery of a payload at once. */
  deliver(account: FakeAccount, payload: JsonRecord): Delivery {
    const body = encodeJson(payload);
    return this.#courier.deliver({
      account: account.name,
      url: () => account.webhookUrl,
      body,
      headers: headersOf(account, body),
      about: {
        hookType: String(payload["hook_type"] ?? ""),
        messageId: idText(payload["message_id"]),
        clientId: idText(payload["client_id"]),
      },
    });
  }

  /** Resolves when nothing is on its way any more: no round, no wait for a retry, no late copy. */
  idle(): Promise<void> {
    return this.#courier.idle();
  }

  /** Gives up everything that is on its way. */
  stop(): Promise<void> {
    return this.#courier.stop();
  }
}

function headersOf(account: FakeAccount, body: string): Readonly<Record<string, string>> {
  const { token, signatureKey = "hex", signed = true } = account.options;
  const timestamp = String(Math.floor(Date.now() / 1000));
  if (!signed) return { "content-type": "application/json" };
  return {
    "content-type": "application/json",
    "x-timestamp": timestamp,
    "x-signature": signWebhook({ token, body, timestamp, key: signatureKey }),
  };
}

function idText(value: unknown): string | null {
  return ["string", "number", "bigint"].includes(typeof value) ? String(value) : null;
}
