import type { Subject } from "../core/ids.ts";
import type { ChannelEvent } from "../message/event.ts";
import type { ReplyAddress } from "../message/message.ts";

/**
 * The port that every channel implements. An adapter speaks one platform's protocol and nothing else: it never touches the
 * database, Redis, a queue or another adapter, and keeps no state but its HTTP connections.
 */
export type Channel = {
  readonly name: string;
  /** Longest time a send may take, ms; it bounds when a dead sender's delivery is declared unknown. */
  readonly sendTimeoutMs: number;
  /** Judges a webhook over its raw bytes, in constant time; never throws. */
  readonly verify: (webhook: RawWebhook, account: Account) => Verification;
  /**
   * Splits a parsed webhook body into events. Never throws on any JSON object: what it cannot map is `ignored` with a reason.
   * `body` comes from `parseJson`: numbers that a double cannot hold are instances of `ExactNumber`.
   */
  readonly read: (body: Readonly<Record<string, unknown>>, raw: Uint8Array) => readonly ReadEvent[];
  /** One attempt to send; resolves with what is known, never throws, never retries. */
  readonly send: (delivery: OutgoingMessage, account: Account) => Promise<SendOutcome>;
};

export type RawWebhook = { readonly headers: Headers; readonly body: Uint8Array };

/** What an adapter needs to know of an origin. Credentials never appear in logs or errors. */
export type Account = {
  readonly apiUrl: string;
  readonly apiToken: string;
  readonly signature: "required" | "optional";
};

export type Verification =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: "signature_missing" | "signature_wrong" };

/**
 * `key` names the platform's event for ever (`bucket` 0 = timeless, else year*12+month of the platform's own time, which the
 * adapter declares unchanged by redelivery). Sortable: native ids are zero-padded.
 */
export type EventKey = { readonly bucket: number; readonly key: string };

export type ReadEvent =
  | { readonly key: EventKey; readonly subject: Subject; readonly event: ChannelEvent }
  | { readonly key: EventKey; readonly ignored: string };

export type OutgoingMessage = {
  /** Our delivery id; sent as the platform's idempotency key or external id. */
  readonly id: string;
  readonly address: ReplyAddress;
  readonly text: string;
  readonly author: "bot" | "operator";
};

/**
 * The closed set of ends of one attempt. Only `not_sent` and complete answers of the platform are certain;
 * everything else is `unknown`. `detail` is a short code for people, free of secrets, phone numbers and message text.
 */
export type SendOutcome =
  | { readonly type: "sent"; readonly messageId: string | null; readonly status: number }
  | { readonly type: "rejected"; readonly status: number; readonly detail: string }
  | { readonly type: "failed"; readonly status: number; readonly detail: string }
  | { readonly type: "not_sent"; readonly detail: string }
  | { readonly type: "throttled"; readonly status: number; readonly retryAfterMs: number | null }
  | { readonly type: "quota"; readonly status: number; readonly detail: string }
  | { readonly type: "unauthorized"; readonly status: number; readonly detail: string }
  | { readonly type: "unknown"; readonly detail: string };
