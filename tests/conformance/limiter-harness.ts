import {
  type ConversationId,
  conversationId,
  type OriginId,
  originId,
  tenantId,
} from "../../src/core/ids.ts";
import type { Announcement, Grant, Limiter, SendRelease } from "../../src/outbox/limiter.ts";
import type { ScopesOf } from "../../src/outbox/scopes.ts";
import type { OutboxStore } from "../../src/outbox/store.ts";
import type { Origin } from "../../src/tenants/origins.ts";
import { simulatedOrigin } from "../support/simulation/simulated-origins.ts";

/** A limiter under test. */
export type LimiterHarness = {
  readonly limiter: Limiter;
  /** Says that the window is complete, without looking. */
  readonly warm: () => Promise<void>;
  /** Brings the instant at which a conversation is looked at again to now. */
  readonly hasten: (conversation: ConversationId) => Promise<void>;
  /** Loses one key alone, as an eviction would. */
  readonly lose: (key: LostKey) => Promise<void>;
  readonly close: () => Promise<void>;
};

/** A line of tenants, a tenant's line of accounts, an account's line of conversations, and what is looked at again. */
export type LostKey = "ring" | "accounts" | "ready" | "due";

/** Longer than any test. */
export const longMs = 60_000;

/** An origin with room for `count` calls in a minute. */
export function originOf(id: number, count: number, changes: Partial<Origin> = {}): Origin {
  return simulatedOrigin({ id: originId(id), rate: { count, windowMs: longMs }, ...changes });
}

export function conversationNo(number: number): ConversationId {
  return conversationId(`00000000-0000-0000-0000-${String(number).padStart(12, "0")}`);
}

export function announcementOf(
  origin: Origin,
  number: number,
  count = 1,
  scopes: Announcement["scopes"] = [],
): Announcement {
  const conversation = conversationNo(number);
  return { tenant: origin.tenant, origin: origin.id, conversation, count, waitMs: 0, scopes };
}

/** Origins without narrower limits. */
export const noScopes: ScopesOf = () => null;

export function releaseOf(grant: Grant, changes: Partial<SendRelease> = {}): SendRelease {
  return { grant, next: "done", used: true, ...changes };
}

/** What PostgreSQL knows of former sends: their ages by origin, ms. */
export function storeKnowing(sends: ReadonlyMap<OriginId, readonly number[]>): OutboxStore {
  return {
    exchange: async () => [],
    stranded: async () => [],
    silent: async () => [],
    recentSends: async () =>
      [...sends].map(([origin, ages]) => ({ tenant_id: tenantId(1), origin_id: origin, ages })),
    conversationSends: async () => [],
    holds: async () => [],
  };
}
