/**
 * Clients who order. They write through the fake platform, which posts each message until it is acknowledged.
 *
 *   patient client: next line ── acknowledged ──▶ pause ──▶ next line …        hasty client: all its lines at once, shuffled
 *   burst: one webhook a hundred times at once                                  echo of the past: an old webhook once more
 */
import type { FakeChat2Desk } from "../../src/channels/chat2desk/fake/platform.ts";
import type { Random } from "../../src/fake-platform/seeded-random.ts";
import type { LineKind } from "./histories.ts";
import type { Recording } from "./recording.ts";

export type WorkloadOptions = {
  readonly platform: FakeChat2Desk;
  readonly recording: Recording;
  readonly random: Random;
  readonly accounts: readonly { readonly name: string; readonly share: number }[];
  /** Clients who write at the same time. */
  readonly clients: number;
  /** Longest pause of a patient client between two lines, ms. */
  readonly pauseMsMax: number;
  /** Orders of one client, one after another. */
  readonly ordersEach: number;
  /** Share of messages that are posted a hundred times at once. */
  readonly burstShare: number;
  /** What the poisonous message of the run says, or null for none. */
  readonly poison: string | null;
};

type Line = { readonly kind: LineKind; readonly text: string; readonly poison: boolean };
type Payload = Readonly<Record<string, unknown>>;

/** Poisonous messages of a run that has any. */
export const poisonous = 2;
const copiesPerCommand = 20;
const commandsPerBurst = 5;
const firstMessage = 800_000_001;
const hastyShare = 0.15;
const replayShare = 0.05;

export class Workload {
  readonly #options: WorkloadOptions;
  readonly #sent: { readonly account: string; readonly payload: Payload }[] = [];
  readonly #inFlight = new Set<Promise<unknown>>();
  #nextClient = 1;
  #nextMessage = firstMessage;
  #poisonLeft: number;
  #stopped = false;
  #clients: Promise<unknown> = Promise.resolve();

  constructor(options: WorkloadOptions) {
    this.#options = options;
    this.#poisonLeft = options.poison === null ? 0 : poisonous;
  }

  start(): void {
    this.#clients = Promise.all(
      Array.from({ length: this.#options.clients }, () => this.#oneAfterAnother()),
    );
  }

  /** No new clients; those who write come to the end of their orders. */
  async finish(): Promise<void> {
    this.#stopped = true;
    await this.#clients;
    await Promise.all(this.#inFlight);
  }

  /** Many new clients of one account at once: a backlog for its limit. */
  crowd(account: string, clients: number): void {
    for (let count = 0; count < clients; count += 1) this.#track(this.#client(account));
  }

  /** Posts messages of the past again, as a platform that lost its notes would. */
  replay(count: number): void {
    for (let turn = 0; turn < count; turn += 1) {
      const old = this.#sent[Math.floor(this.#options.random() * this.#sent.length)];
      if (old !== undefined) this.#track(this.#post(old.account, old.payload));
    }
  }

  async #oneAfterAnother(): Promise<void> {
    while (!this.#stopped) {
      await this.#client(this.#pickAccount());
      await Bun.sleep(this.#options.random() * this.#options.pauseMsMax);
    }
  }

  async #client(account: string): Promise<void> {
    const client = String(1_000 + this.#nextClient);
    this.#nextClient += 1;
    const { ordersEach } = this.#options;
    const lines = Array.from({ length: ordersEach }, () => this.#script(account, client)).flat();
    if (this.#options.random() < hastyShare) {
      await Promise.all(
        shuffled(lines, this.#options.random).map((line) => this.#write(account, client, line)),
      );
      return;
    }
    for (const line of lines) {
      await this.#write(account, client, line);
      await Bun.sleep(this.#options.random() * this.#options.pauseMsMax);
    }
  }

  #script(account: string, client: string): readonly Line[] {
    const { random, poison } = this.#options;
    const line = (kind: LineKind, text: string): Line => ({ kind, text, poison: false });
    const digits = String(Math.floor(random() * 1_000_000)).padStart(6, "0");
    const lines = [
      line("hello", "Hi"),
      line("address", `${1 + Math.floor(random() * 99)} Drill Street, ${account} ${client}`),
      line("phone", `+34600${digits}`),
      line("quantity", String(1 + Math.floor(random() * 50))),
      line("yes", "yes"),
    ];
    if (poison === null || this.#poisonLeft === 0) return lines;
    this.#poisonLeft -= 1;
    return [...lines.slice(0, 2), { kind: "hello", text: poison, poison: true }, ...lines.slice(2)];
  }

  async #write(account: string, client: string, line: Line): Promise<void> {
    const message = String(this.#nextMessage);
    this.#nextMessage += 1;
    const payload = payloadOf(message, client, line.text);
    const { recording, random, burstShare } = this.#options;
    recording.invoke({ account, client, message, ...line, atMs: performance.now() });
    this.#sent.push({ account, payload });
    if (random() < burstShare) this.#burst(account, payload, client);
    if (random() < replayShare) this.replay(1);
    await this.#post(account, payload);
  }

  #burst(account: string, payload: Payload, client: string): void {
    const { platform } = this.#options;
    for (let command = 0; command < commandsPerBurst; command += 1) {
      this.#track(
        platform
          .control({
            do: "webhooks",
            account,
            clientId: client,
            next: 1,
            disturbance: { mode: "duplicate", copies: copiesPerCommand, spreadMs: 20 },
          })
          .then(() => this.#post(account, payload)),
      );
    }
  }

  async #post(account: string, payload: Payload): Promise<void> {
    await this.#options.platform.control({ do: "hook", account, payload });
  }

  #pickAccount(): string {
    const { accounts, random } = this.#options;
    let left = random() * accounts.reduce((sum, { share }) => sum + share, 0);
    for (const { name, share } of accounts) {
      left -= share;
      if (left < 0) return name;
    }
    return accounts[0]?.name ?? "";
  }

  #track(work: Promise<unknown>): void {
    const tracked: Promise<unknown> = work.finally(() => this.#inFlight.delete(tracked));
    this.#inFlight.add(tracked);
  }
}

function shuffled<Item>(items: readonly Item[], random: Random): readonly Item[] {
  return items
    .map((item) => ({ item, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

/** A client's message with the fields that the platform documents. */
function payloadOf(message: string, client: string, text: string): Payload {
  const id = Number(client);
  return {
    message_id: Number(message),
    type: "from_client",
    text,
    transport: "widget",
    client_id: id,
    operator_id: null,
    dialog_id: id,
    channel_id: 17_404,
    photo: null,
    coordinates: null,
    audio: null,
    video: null,
    pdf: null,
    client: {
      id,
      phone: `[chat] ${id}`,
      client_phone: null,
      name: `Client ${id}`,
      assigned_name: null,
      external_id: null,
    },
    hook_type: "inbox",
    request_id: id,
    attachments: [],
    is_new_request: false,
    is_new_client: false,
    insta_comment: false,
    extra_data: {},
    is_new: true,
    event_time: new Date().toISOString(),
  };
}
