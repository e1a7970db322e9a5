import {
  Courier,
  type CourierOptions,
  type DeliveryResult,
  type LetterSubject,
} from "../../../fake-platform/courier.ts";
import type { JsonRecord } from "../../../fake-platform/exact-json.ts";
import { pause } from "../../../fake-platform/pause.ts";
import type { FakeAccount } from "./account.ts";
import type { PlatformLog } from "./platform-log.ts";
import { signWebhook } from "./signature.ts";
import type { Piece, PieceSubject } from "./speech.ts";
import { writeWire } from "./wire.ts";

/**
 * Puts pieces into envelopes and hands them to the courier.
 *
 *   piece ── the account does not batch ──▶ an envelope of its own ──▶ posted until 2xx
 *     └── it does ──▶ waits for others (`batchMs`) ──▶ one envelope, two entries ──▶ posted until 2xx
 */

export type PostRoomOptions = Omit<CourierOptions<LetterSubject>, "onPosted"> & {
  readonly log: PlatformLog;
};

type About = PieceSubject & { readonly pieces: number };

type Batch = {
  readonly pieces: Piece[];
  readonly sent: Promise<DeliveryResult>;
};

const OBJECTS = {
  whatsapp: "whatsapp_business_account",
  messenger: "page",
  instagram: "instagram",
} as const;

/** Envelopes, signs and posts; never rejects, whatever the receiver does. */
export class PostRoom {
  readonly #courier: Courier<About>;
  readonly #stopping = new AbortController();
  readonly #open = new Map<string, Batch>();

  constructor({ log, ...options }: PostRoomOptions) {
    this.#courier = new Courier({
      ...options,
      onPosted: ({ account, about }, posted) =>
        void log.append(account, { kind: "webhook", ...about, ...posted }),
    });
  }

  /** Resolves when the envelope with this piece was acknowledged or given up. */
  post(account: FakeAccount, piece: Piece): Promise<DeliveryResult> {
    if (account.batchMs === 0) return this.#send(account, [piece]);
    const open = this.#open.get(account.name);
    if (open !== undefined) {
      open.pieces.push(piece);
      return open.sent;
    }
    const pieces = [piece];
    const sent = this.#sendLater(account, pieces);
    this.#open.set(account.name, { pieces, sent });
    return sent;
  }

  /** Posts a body as it is, signed. */
  postBody(account: FakeAccount, body: JsonRecord): Promise<DeliveryResult> {
    return this.#deliver(account, body, {
      hookType: "raw",
      clientId: null,
      messageId: null,
      pieces: 1,
    });
  }

  async idle(): Promise<void> {
    while (this.#open.size > 0) await Promise.all([...this.#open.values()].map(({ sent }) => sent));
    await this.#courier.idle();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#courier.stop();
  }

  async #sendLater(account: FakeAccount, pieces: readonly Piece[]): Promise<DeliveryResult> {
    await pause(account.batchMs, this.#stopping.signal);
    this.#open.delete(account.name);
    return await this.#send(account, pieces);
  }

  #send(account: FakeAccount, pieces: readonly Piece[]): Promise<DeliveryResult> {
    const about = pieces[0]?.about ?? { hookType: "none", clientId: null, messageId: null };
    return this.#deliver(account, envelopeOf(account, pieces), { ...about, pieces: pieces.length });
  }

  #deliver(account: FakeAccount, payload: JsonRecord, about: About): Promise<DeliveryResult> {
    const body = writeWire(payload);
    const { appSecret } = account.options;
    return this.#courier.deliver({
      account: account.name,
      // The narrowest address that was set wins, as on the platform.
      url: () => account.callback ?? account.webhookUrl,
      body,
      headers: {
        "content-type": "application/json",
        "x-hub-signature-256": signWebhook(body, appSecret),
      },
      about,
    }).done;
  }
}

/** More pieces than one stand in two entries, as a platform that merges queues would write them. */
function envelopeOf(account: FakeAccount, pieces: readonly Piece[]): JsonRecord {
  const middle = Math.ceil(pieces.length / 2);
  const halves = [pieces.slice(0, middle), pieces.slice(middle)].filter((half) => half.length > 0);
  return {
    object: OBJECTS[account.product],
    entry: halves.map((half) => entryOf(account, half)),
  };
}

function entryOf(account: FakeAccount, pieces: readonly Piece[]): JsonRecord {
  const lists = (["changes", "messaging", "standby"] as const)
    .map((list) => [list, pieces.filter((piece) => piece.list === list)] as const)
    .filter(([, listed]) => listed.length > 0)
    .map(([list, listed]) => [list, listed.map(({ item }) => item)] as const);
  return { id: account.businessId, time: Date.now(), ...Object.fromEntries(lists) };
}
