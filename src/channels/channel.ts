import type { Subject } from "../core/ids.ts";
import type { ChannelEvent } from "../message/event.ts";
import type { ReplyAddress } from "../message/message.ts";
import type { OutgoingContent } from "../message/outgoing.ts";
import type { TextLimit } from "../message/split.ts";
import type { Account, CredentialField } from "./account.ts";
import type { Capabilities, Unsupported } from "./capability.ts";

/**
 * The port that every channel implements. An adapter speaks one platform's protocol and nothing else: it never touches the
 * database, Redis, a queue or another adapter, and keeps no state but its HTTP connections. What a platform has no word for is
 * `unsupported` with the reason, which the conformance suite (`tests/conformance/channel.ts`) prints.
 *
 *   webhook ──verify──▶ read (split, map) ──▶ journal ──▶ acknowledge           GET ──▶ handshake
 *   delivery ──limits──▶ send ──▶ outcome      file reference ──▶ media.locate ──▶ download (elsewhere)
 *   origin ──▶ registration.connect, .check    outage ──▶ backfill.page         token near its end ──▶ renewal.renew
 */
export type Channel = {
  readonly name: string;
  /** How people call the platform. */
  readonly title: string;
  /** Where its API is, unless an origin says otherwise. */
  readonly apiUrl: string;
  /** What an origin must know to speak for an account; see `account.ts`. */
  readonly credentials: readonly CredentialField[];
  readonly capabilities: Capabilities;
  readonly limits: Limits;
  /** Longest time a send may take, ms; it bounds when a dead sender's delivery is declared unknown. */
  readonly sendTimeoutMs: number;
  /** Whether the platform itself makes one of two sends with the same delivery id; then an unknown end is always sent again. */
  readonly idempotency: { readonly key: string } | Unsupported;

  /** Judges a webhook over its raw bytes, in constant time; never throws. */
  readonly verify: (webhook: RawWebhook, account: Account) => Verification;
  /** Answers the question (GET) by which a platform makes sure that an address is ours. */
  readonly handshake: ((query: URLSearchParams, account: Account) => HandshakeAnswer) | Unsupported;
  /**
   * Splits a webhook into events, each with a key and a conversation of its own, and maps them to the common format. Never throws
   * on any JSON object: what it cannot map is `ignored` with a reason. The same body and account give the same events for ever,
   * because the journal keeps the body and the place of the event in it.
   */
  readonly read: (webhook: WebhookBody, account: Account) => readonly ReadEvent[];
  /** What a stored webhook is answered with, new or known. */
  readonly acknowledge: (events: readonly ReadEvent[]) => Acknowledgement;
  /** One attempt to send; resolves with what is known, never throws, never retries. */
  readonly send: (delivery: OutgoingMessage, account: Account) => Promise<SendOutcome>;
  readonly media: MediaSource | Unsupported;
  readonly registration: Registration | Unsupported;
  readonly backfill: Backfill | Unsupported;
  readonly renewal: Renewal | Unsupported;
};

export type RawWebhook = { readonly headers: Headers; readonly body: Uint8Array };

/** `json` comes from `parseJson`: numbers that a double cannot hold are instances of `ExactNumber`. */
export type WebhookBody = {
  readonly json: Readonly<Record<string, unknown>>;
  readonly raw: Uint8Array;
};

export type Verification =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: "signature_missing" | "signature_wrong" };

/** The text that proves the address is ours, or that the question was not for us. */
export type HandshakeAnswer = { readonly ok: true; readonly body: string } | { readonly ok: false };

export type Acknowledgement = { readonly contentType: string; readonly body: string };

/** Most platforms only look at the status. */
export const plainAcknowledgement: Acknowledgement = { contentType: "text/plain", body: "ok" };

/**
 * `key` names the platform's event for ever (`bucket` 0 = timeless, else year*12+month of the platform's own time, which the
 * adapter declares unchanged by redelivery). Sortable: native ids are zero-padded.
 */
export type EventKey = { readonly bucket: number; readonly key: string };

export type ReadEvent =
  | { readonly key: EventKey; readonly subject: Subject; readonly event: ChannelEvent }
  | { readonly key: EventKey; readonly ignored: string };

/**
 * What the platform lets through. `account` is what an origin begins with; its row may say otherwise. `scopes` are narrower limits
 * that hold at the same time: of the chat, of the group. All are true sliding windows and count sends of every conversation
 * that names the same key.
 */
export type Limits = {
  readonly account: Rate;
  /** Of a conversation by its identity (`Subject`); the same for ever, and at most three. */
  readonly scopes: (identity: string) => readonly ScopeLimit[];
  /** The longest window of any scope, ms; 0 where there are none. */
  readonly scopesWithinMs: number;
  /** Longer words are cut into several deliveries before they are recorded. */
  readonly text: TextLimit;
  /** Of the words beside a file; `max` 0 where files take none, and the words must go as a message of their own. */
  readonly caption: TextLimit;
};

export type Rate = { readonly count: number; readonly windowMs: number };
/** `key` is unique within the origin and has no spaces, colons, commas or semicolons. */
export type ScopeLimit = { readonly key: string } & Rate;

export type OutgoingMessage = {
  /** Our delivery id; sent as the platform's idempotency key or external id. */
  readonly id: string;
  readonly address: ReplyAddress;
  readonly content: OutgoingContent;
  readonly author: "bot" | "operator";
};

/**
 * The closed set of ends of one attempt. Only `not_sent` and complete answers of the platform are certain;
 * everything else is `unknown`. `detail` is a short code for people, free of secrets, phone numbers and message text.
 */
export type SendOutcome =
  | { readonly type: "sent"; readonly messageId: string | null; readonly status: number }
  /** For ever: the same message to the same address will be refused again. */
  | {
      readonly type: "rejected";
      readonly status: number;
      readonly reason: RejectReason;
      readonly detail: string;
    }
  /** For now: the platform has not taken it and may do so later. */
  | { readonly type: "failed"; readonly status: number; readonly detail: string }
  | { readonly type: "not_sent"; readonly detail: string }
  /** The address is another one now; the message was not taken and goes there. */
  | { readonly type: "moved"; readonly status: number; readonly address: ReplyAddress }
  /**
   * Not before `retryAfterMs`, for exactly the key that `scope` names. Null is the whole account; `unsure` means that the platform
   * does not say whether it is the scope or the account.
   */
  | {
      readonly type: "throttled";
      readonly status: number;
      readonly retryAfterMs: number | null;
      readonly scope: { readonly key: string; readonly unsure: boolean } | null;
    }
  | { readonly type: "quota"; readonly status: number; readonly detail: string }
  | { readonly type: "unauthorized"; readonly status: number; readonly detail: string }
  | { readonly type: "unknown"; readonly detail: string };

/**
 * `unreachable`: blocked, gone, never wrote · `outside_window`: only a template may be sent now · `too_long` · `content`: the
 * platform does not take these words, this file, this kind of message · `other`.
 */
export type RejectReason = "unreachable" | "outside_window" | "too_long" | "content" | "other";

/** Says where the bytes of a `FilePart` are now. The answer is used at once and kept nowhere: it may hold the account's token. */
export type MediaSource = {
  readonly locate: (file: string, account: Account) => Promise<MediaLocation>;
};

export type MediaLocation =
  | {
      readonly type: "found";
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      /** Whether the address is the platform's API, which the installation has chosen, or one that anybody may have written. */
      readonly trusted: boolean;
    }
  /** For ever: expired, deleted, larger than the platform hands out. */
  | { readonly type: "gone"; readonly detail: string }
  | {
      readonly type: "failed";
      readonly detail: string;
      readonly retryAfterMs: number | null;
    };

/** How the platform learns our address; `address` is the origin's webhook as the world reaches it. */
export type Registration = {
  /** Tells the platform, whatever it knew before. */
  readonly connect: (account: Account, address: string) => Promise<Connection>;
  /** Asks what the platform knows and how its deliveries go; changes nothing. */
  readonly check: (account: Account, address: string) => Promise<Connection>;
};

/**
 * `connected`: our address is known and deliveries arrive · `drifted`: the platform knows another address or other settings;
 * `connect` repairs it · `failing`: our address is known and the platform cannot deliver to it · `refused`: the credentials are
 * wrong · `unreachable`: nobody can say. `notes` are sentences for people, without secrets.
 */
export type Connection = {
  readonly state: "connected" | "drifted" | "failing" | "refused" | "unreachable";
  readonly notes: readonly string[];
};

/**
 * Asks for what a webhook should have brought. Bodies are written as webhooks would have been, so that their events have the same
 * keys and are applied once. Each page is one call of the platform's API, which may have a quota.
 */
export type Backfill = {
  readonly page: (account: Account, from: BackfillFrom) => Promise<BackfillPage>;
};

export type BackfillFrom = {
  /** Ms since the epoch; nothing older is wanted. */
  readonly since: number;
  /** What the page before said, null for the first. */
  readonly cursor: string | null;
};

export type BackfillPage =
  | {
      readonly type: "page";
      readonly webhooks: readonly Uint8Array[];
      readonly next: string | null;
    }
  | { readonly type: "failed"; readonly detail: string };

/** Credentials that end by themselves. */
export type Renewal = {
  /** Renews them when their end is near; `now` is ms since the epoch. */
  readonly renew: (account: Account, now: number) => Promise<Renewed>;
};

export type Renewed =
  | { readonly type: "fine" }
  /** Fields that have changed; the others stay. */
  | { readonly type: "renewed"; readonly fields: Readonly<Record<string, string>> }
  | { readonly type: "failed"; readonly detail: string };
