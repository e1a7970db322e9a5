import { CryptoHasher } from "bun";

/** A tenant's number; every row belongs to one. */
export type TenantId = number & { readonly brand: "TenantId" };
/** An origin's number, unique over all tenants. */
export type OriginId = number & { readonly brand: "OriginId" };
/** 128-bit hash of tenant, origin and the customer's identity on it, written as a UUID: known without a look-up. */
export type ConversationId = string & { readonly brand: "ConversationId" };
/** A journal id: a decimal string, because PostgreSQL's bigint does not fit a double. */
export type EventId = string & { readonly brand: "EventId" };

export const tenantId = (value: number): TenantId => value as TenantId;
export const originId = (value: number): OriginId => value as OriginId;
export const conversationId = (value: string): ConversationId => value as ConversationId;
export const eventId = (value: string): EventId => value as EventId;

/** Whose lane an event belongs to: a customer's conversation, or the origin itself (operators, QR codes, tickets). */
export type Subject =
  | { readonly kind: "client"; readonly identity: string }
  | { readonly kind: "origin" };

/** The conversation of a subject; parts are separated by NUL, which no identity contains after `storableText`. */
export function conversationOf(
  tenant: TenantId,
  origin: OriginId,
  subject: Subject,
): ConversationId {
  const identity = subject.kind === "client" ? `c\0${subject.identity}` : "o";
  const hex = new CryptoHasher("sha256").update(`${tenant}\0${origin}\0${identity}`).digest("hex");
  const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
  return conversationId(uuid);
}
