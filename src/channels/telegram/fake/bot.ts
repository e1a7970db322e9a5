import type { Update } from "@grammyjs/types";
import { type RateLimit, SlidingWindow } from "../../../fake-platform/sliding-window.ts";
import type { JsonRecord } from "../../../fake-platform/exact-json.ts";

/** A bot of the platform. Bots know nothing of each other: chats and message numbers of two are two worlds. */
export type BotOptions = {
  readonly token: string;
  /** The name in the log and in control; default `bot-1`, `bot-2`, … by position. */
  readonly name?: string;
  readonly limits?: Partial<BotLimits>;
  /** True answers `chat not found` to a send to a chat that never wrote. */
  readonly knownChatsOnly?: boolean;
};

export type BotLimits = {
  readonly bot: RateLimit;
  readonly chat: RateLimit;
  readonly group: RateLimit;
};

/** What Telegram documents. */
const usualLimits: BotLimits = {
  bot: { count: 30, windowMs: 1_000 },
  chat: { count: 1, windowMs: 1_000 },
  group: { count: 20, windowMs: 60_000 },
};

export type ChatKind = "private" | "group" | "supergroup" | "channel";

export type FakeChat = {
  readonly id: number;
  readonly kind: ChatKind;
  readonly title: string;
  /** Whether the bot may write: blocked, removed. */
  blocked: boolean;
  /** The supergroup that a group has become. */
  movedTo: number | null;
  lastMessageId: number;
};

export type Webhook = {
  readonly url: string;
  readonly secret: string;
  readonly maxConnections: number;
  readonly allowedUpdates: readonly string[] | null;
};

export type WebhookTrouble = { readonly atS: number; readonly message: string };

/** Kinds that Telegram leaves out unless they are asked for. */
const askedForOnly: ReadonlySet<string> = new Set([
  "chat_member",
  "message_reaction",
  "message_reaction_count",
]);

const firstUpdateId = 174_114_370;
const firstMessageId = 41;

/** A bot's chats, windows, webhook and counters. It posts nothing by itself and forgets all when the platform ends. */
export class FakeBot {
  readonly name: string;
  readonly options: BotOptions;
  readonly id: number;
  readonly window: SlidingWindow;
  readonly files = new Map<string, { readonly path: string; readonly bytes: Uint8Array }>();
  webhook: Webhook | null = null;
  trouble: WebhookTrouble | null = null;
  accepted = 0;
  /** Updates in the webhook's lines. */
  waiting = 0;
  readonly #limits: BotLimits;
  readonly #chats = new Map<number, FakeChat>();
  readonly #windows = new Map<string, SlidingWindow>();
  /** Updates that wait for `getUpdates`, while there is no webhook. */
  readonly unfetched: Update[] = [];
  #nextUpdateId = firstUpdateId;

  constructor(name: string, options: BotOptions) {
    this.name = name;
    this.options = options;
    this.id = Number(options.token.split(":")[0]);
    this.#limits = { ...usualLimits, ...options.limits };
    this.window = new SlidingWindow(this.#limits.bot);
  }

  /** The chat with this id, made when nobody has written there yet. */
  meet(id: number, kind: ChatKind = id > 0 ? "private" : "supergroup"): FakeChat {
    const known = this.#chats.get(id);
    if (known !== undefined) return known;
    const title = id > 0 ? `Client ${id}` : `Group ${-id}`;
    const lastMessageId = firstMessageId - 1;
    const made: FakeChat = { id, kind, title, blocked: false, movedTo: null, lastMessageId };
    this.#chats.set(id, made);
    return made;
  }

  find(id: number): FakeChat | null {
    return this.#chats.get(id) ?? null;
  }

  takeMessageId(chat: FakeChat): number {
    chat.lastMessageId += 1;
    return chat.lastMessageId;
  }

  takeUpdateId(): number {
    this.#nextUpdateId += 1;
    return this.#nextUpdateId;
  }

  /** Every window that a send to this chat needs a place in, the narrowest first. */
  windowsOf(chat: number): readonly { readonly scope: string; readonly window: SlidingWindow }[] {
    const own = { scope: "chat", window: this.#windowOf(`c${chat}`, this.#limits.chat) };
    const group = { scope: "group", window: this.#windowOf(`g${chat}`, this.#limits.group) };
    const bot = { scope: "bot", window: this.window };
    return chat < 0 ? [own, group, bot] : [own, bot];
  }

  /** Arrivals over a chat's or a group's limit, over all of them. */
  get narrowViolations(): number {
    return [...this.#windows.values()].reduce((sum, window) => sum + window.violations, 0);
  }

  get narrowRefused(): number {
    return [...this.#windows.values()].reduce((sum, window) => sum + window.refused, 0);
  }

  wants(kind: string): boolean {
    const asked = this.webhook?.allowedUpdates ?? null;
    return asked === null ? !askedForOnly.has(kind) : asked.includes(kind);
  }

  /** How the bot itself is called in updates. */
  asUser(): JsonRecord {
    return { id: this.id, is_bot: true, first_name: this.name, username: `${this.name}_bot` };
  }

  #windowOf(key: string, limit: RateLimit): SlidingWindow {
    const known = this.#windows.get(key);
    if (known !== undefined) return known;
    const made = new SlidingWindow(limit);
    this.#windows.set(key, made);
    return made;
  }
}
