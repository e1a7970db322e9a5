import type { OverLimitStyle } from "./answers.ts";
import type { SignatureKey } from "./signature.ts";
import { type RateLimit, SlidingWindow } from "../../../fake-platform/sliding-window.ts";

/** One connected account of the platform. Accounts know nothing of each other: equal client ids are different people. */
export type AccountOptions = {
  readonly token: string;
  readonly webhookUrl: string;
  /** The name in the log and in control; default `account-1`, `account-2`, … by position. */
  readonly name?: string;
  readonly rateLimit?: RateLimit;
  readonly channelId?: string | number;
  readonly transport?: string;
  readonly signatureKey?: SignatureKey;
  /** False posts webhooks without signature headers. */
  readonly signed?: boolean;
  /** The JSON type of client and channel ids in webhooks. */
  readonly idType?: "number" | "string";
  readonly firstMessageId?: number;
  /** True answers `bad client_id` to a send to somebody who never wrote. */
  readonly knownClientsOnly?: boolean;
};

/** How our own sends come back as `outbox` hooks; `before` has the hook answered before the send is. */
export type EchoStyle = {
  readonly enabled: boolean;
  readonly when: "before" | "during" | "after";
  readonly operatorId: string | null;
};

/** What the platform knows of a client of one account. */
export type ClientRecord = {
  readonly clientId: string;
  readonly dialogId: number;
  readonly requestId: number;
  readonly isNew: boolean;
  readonly isNewRequest: boolean;
};

const RATE_LIMIT_DEFAULT: RateLimit = { count: 300, windowMs: 60_000 };
const CHANNEL_ID_DEFAULT = "17404";
const FIRST_MESSAGE_ID = 106_773_001;
const FIRST_DIALOG_ID = 4_324_001;
const FIRST_REQUEST_ID = 8_725_001;

/** An account's counters, clients and settings. It posts nothing by itself and forgets all when the platform ends. */
export class FakeAccount {
  readonly name: string;
  readonly options: AccountOptions;
  readonly transport: string;
  readonly window: SlidingWindow;
  echo: EchoStyle = { enabled: true, when: "after", operatorId: null };
  overLimit: OverLimitStyle = { as: "429", retryAfter: null };
  accepted = 0;
  /** Where its webhooks go now. */
  webhookUrl: string;
  readonly #clients = new Map<string, ClientRecord>();
  readonly #lines = new Map<string, Promise<void>>();
  #nextMessageId: number;
  #nextDialogId = FIRST_DIALOG_ID;
  #nextRequestId = FIRST_REQUEST_ID;

  constructor(name: string, options: AccountOptions) {
    this.name = name;
    this.options = options;
    this.webhookUrl = options.webhookUrl;
    this.transport = options.transport ?? "telegram";
    this.window = new SlidingWindow(options.rateLimit ?? RATE_LIMIT_DEFAULT);
    this.#nextMessageId = options.firstMessageId ?? FIRST_MESSAGE_ID;
  }

  get channelId(): bigint | string {
    return this.writeId(String(this.options.channelId ?? CHANNEL_ID_DEFAULT));
  }

  /** An id as this account's webhooks write it. */
  writeId(id: string): bigint | string {
    return this.options.idType !== "string" && /^\d+$/.test(id) ? BigInt(id) : id;
  }

  /** Message ids rise over the whole account, both directions. */
  takeMessageId(): string {
    this.#nextMessageId += 1;
    return String(this.#nextMessageId - 1);
  }

  knows(clientId: string): boolean {
    return this.#clients.has(clientId);
  }

  /** The client as a message meets it; the first one opens a dialog and a request. */
  meet(clientId: string): ClientRecord {
    const known = this.#clients.get(clientId);
    const record = known ?? this.#newClient(clientId);
    this.#clients.set(clientId, { ...record, isNew: false, isNewRequest: false });
    return record;
  }

  /** The next message of this client opens a new request. */
  endRequest(clientId: string): ClientRecord {
    const ended = this.meet(clientId);
    const requestId = this.#takeRequestId();
    this.#clients.set(clientId, { ...ended, requestId, isNew: false, isNewRequest: true });
    return ended;
  }

  /** Runs a task when the client's former one is through, as a person writes one message after the other. */
  async inLine<Result>(clientId: string, task: () => Promise<Result>): Promise<Result> {
    const former = this.#lines.get(clientId) ?? Promise.resolve();
    const result = former.then(task);
    const line = result.then(
      () => undefined,
      () => undefined,
    );
    this.#lines.set(clientId, line);
    try {
      return await result;
    } finally {
      if (this.#lines.get(clientId) === line) this.#lines.delete(clientId);
    }
  }

  #newClient(clientId: string): ClientRecord {
    this.#nextDialogId += 1;
    const dialogId = this.#nextDialogId - 1;
    return {
      clientId,
      dialogId,
      requestId: this.#takeRequestId(),
      isNew: true,
      isNewRequest: true,
    };
  }

  #takeRequestId(): number {
    this.#nextRequestId += 1;
    return this.#nextRequestId - 1;
  }
}
