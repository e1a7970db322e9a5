import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { RequestFilteringHttpAgent, RequestFilteringHttpsAgent } from "request-filtering-agent";

/** What connections are made by; one for each scheme. */
export type Agents = { readonly http: HttpAgent; readonly https: HttpsAgent };

/** The address at which Azure's machines find their host; it looks like a public one. */
const insideThoughPublic = ["168.63.129.16"] as const;

/**
 * Agents that connect to public addresses alone. They look at the address at the moment of connecting, after the name was looked up, so
 * that neither a name that points inwards, nor one that changes its mind, nor any way of writing an address gets through. Bun calls
 * them for `node:http` only: its `fetch` and its undici ignore agents and dispatchers without a word.
 * @param allowed addresses, one by one, that are admitted all the same
 */
export function guardedAgents(allowed: readonly string[]): Agents {
  const options = {
    allowIPAddressList: [...allowed],
    denyIPAddressList: [...insideThoughPublic],
    keepAlive: false,
  };
  return {
    http: new RequestFilteringHttpAgent(options),
    https: new RequestFilteringHttpsAgent(options),
  };
}

/** Agents that connect to wherever they are told. */
export function openAgents(): Agents {
  return { http: new HttpAgent({ keepAlive: false }), https: new HttpsAgent({ keepAlive: false }) };
}

/** How the guard says no; it has no code of its own. */
const refusal = /^DNS lookup \S+\(family:[^)]*\) is not allowed\b/;

/** Whether something thrown is the guard's refusal. */
export function isForbiddenAddress(error: unknown): boolean {
  return error instanceof Error && (refusal.test(error.message) || isForbiddenAddress(error.cause));
}
