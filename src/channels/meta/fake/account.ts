import { type RateLimit, SlidingWindow } from "../../../fake-platform/sliding-window.ts";

export type Product = "whatsapp" | "messenger" | "instagram";

/** One number of WhatsApp, one page, or one professional account of Instagram, with the app that speaks for it. */
export type AccountOptions = {
  readonly product: Product;
  /** The number's id, the page's or the Instagram account's. */
  readonly id: string;
  /** The WhatsApp Business account; the account itself for the other products. */
  readonly businessId?: string;
  readonly appId?: string;
  readonly token: string;
  readonly appSecret: string;
  readonly webhookUrl: string;
  /** The name in the log and in control; default `account-1`, `account-2`, … by position. */
  readonly name?: string;
  readonly rateLimit?: RateLimit;
  /** What one customer may be sent. */
  readonly pairLimit?: RateLimit;
  /** How long after the customer's last message anything but a template may be sent, ms. */
  readonly replyWindowMs?: number;
};

const RATE_LIMIT_DEFAULT: Readonly<Record<Product, RateLimit>> = {
  whatsapp: { count: 80, windowMs: 1_000 },
  messenger: { count: 300, windowMs: 1_000 },
  instagram: { count: 300, windowMs: 1_000 },
};
const PAIR_LIMIT_DEFAULT: RateLimit = { count: 45, windowMs: 270_000 };
const REPLY_WINDOW_MS = 86_400_000;
const TOKEN_LIFE_S = 5_184_000;

/** An account's counters, clients and settings; it forgets all when the platform ends. */
export class FakeAccount {
  readonly name: string;
  readonly options: AccountOptions;
  readonly window: SlidingWindow;
  token: string;
  tokenLifeS = TOKEN_LIFE_S;
  webhookUrl: string;
  /** Whether the app is subscribed to the account, and with which fields where they are chosen. */
  subscribedFields: string | null = "messages";
  callback: string | null = null;
  /** What becomes of a message that was taken, in the order in which it is told. */
  statuses: readonly string[] = ["sent", "delivered"];
  /** Whether our own sends come back, where the product does that. */
  echoes = true;
  /** Webhooks that come within this time go out as one batch, ms; 0 posts each by itself. */
  batchMs = 0;
  accepted = 0;
  readonly #pairs = new Map<string, SlidingWindow>();
  readonly #heardMs = new Map<string, number>();
  readonly #lines = new Map<string, Promise<void>>();
  #messages = 0;

  constructor(name: string, options: AccountOptions) {
    this.name = name;
    this.options = options;
    this.token = options.token;
    this.webhookUrl = options.webhookUrl;
    this.window = new SlidingWindow(options.rateLimit ?? RATE_LIMIT_DEFAULT[options.product]);
  }

  get product(): Product {
    return this.options.product;
  }

  get businessId(): string {
    return this.options.businessId ?? this.options.id;
  }

  /** Ids are opaque and differ over all accounts. */
  takeMessageId(): string {
    this.#messages += 1;
    const told = `${this.options.id}/${this.#messages}`;
    const id = Buffer.from(told).toString("base64url");
    return this.product === "whatsapp" ? `wamid.${id}` : `m_${id}`;
  }

  pairWindow(clientId: string): SlidingWindow {
    const known = this.#pairs.get(clientId);
    const window = known ?? new SlidingWindow(this.options.pairLimit ?? PAIR_LIMIT_DEFAULT);
    this.#pairs.set(clientId, window);
    return window;
  }

  /** Notes that a client wrote; the reply window begins anew. */
  hears(clientId: string, nowMs: number): void {
    this.#heardMs.set(clientId, nowMs);
  }

  mayAnswer(clientId: string, nowMs: number): boolean {
    const heardMs = this.#heardMs.get(clientId);
    return (
      heardMs !== undefined && nowMs - heardMs < (this.options.replyWindowMs ?? REPLY_WINDOW_MS)
    );
  }

  /** As if the client had written long ago. */
  forgetClient(clientId: string): void {
    this.#heardMs.delete(clientId);
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
}
