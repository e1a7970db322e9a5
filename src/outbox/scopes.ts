import type { Limits, ScopeLimit } from "../channels/channel.ts";
import type { Origin } from "../tenants/origins.ts";
import { graceMs } from "./grant-life.ts";

/**
 * The limits that hold for a conversation beside its account's, as Redis keeps them with it: `key:count:window:grace`, joined by
 * semicolons; "" where there are none.
 */
export function writeScopes(scopes: readonly ScopeLimit[]): string {
  return scopes
    .map(({ key, count, windowMs }) => [key, count, windowMs, graceMs(windowMs)].join(":"))
    .join(";");
}

/** Reads what `writeScopes` wrote. */
export function readScopes(text: string): readonly ScopeLimit[] {
  if (text === "") return [];
  return text.split(";").map((scope) => {
    const [key = "", count, windowMs] = scope.split(":");
    return { key, count: Number(count), windowMs: Number(windowMs) };
  });
}

/** How a narrower limit's log and hold are called: an account's own are called by its number alone. */
export function scopeName(account: number, key: string): string {
  return key === "" ? String(account) : `${account}/${key}`;
}

/** The narrower limits of an origin's conversations; null for an origin that has none, or whose channel is not known here. */
export type ScopesOf = (origin: Origin) => Pick<Limits, "scopes" | "scopesWithinMs"> | null;

/** A scope that may not be called; `unsure`: the platform does not say whether it means the scope or the account. */
export type HeldScope = { readonly key: string; readonly unsure: boolean };
