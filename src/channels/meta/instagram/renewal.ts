import { type Account, credential } from "../../account.ts";
import type { Renewal, Renewed } from "../../channel.ts";
import { fieldsOf, numberOf, timeOf } from "../fields.ts";
import { bearer, errorName, type Graph, sayingOf } from "../graph.ts";

/**
 * A long-lived token of Instagram ends after 60 days; one that is a day old and has not ended can be exchanged for another:
 *
 *   end unknown, or within 30 days ──▶ exchanged ──▶ a new token, and its end
 *   end later ──▶ fine
 */
const renewWithinMs = 30 * 86_400_000;

/** The field in which the end is kept, ms since the epoch; "0" before the first exchange. */
export const endField = "token-ends";

/** How a token is exchanged; neither its notes nor its failures hold one. */
export function createRenewal(graph: Graph): Renewal {
  return {
    renew: async (account, now) => {
      const ends = timeOf(credential(account, endField));
      return ends !== null && ends - now > renewWithinMs
        ? { type: "fine" }
        : await exchange(graph, account, now);
    },
  };
}

async function exchange(graph: Graph, account: Account, now: number): Promise<Renewed> {
  const token = credential(account, "token");
  const query = new URLSearchParams({ grant_type: "ig_refresh_token", access_token: token });
  const result = await graph.http.get({
    // Instagram documents this call with the token in its address alone; the address is written nowhere.
    url: `${account.apiUrl.replace(/\/+$/, "")}/refresh_access_token?${query}`,
    headers: bearer(token),
    timeoutMs: graph.timeoutMs,
  });
  if (result.type === "failure") return { type: "failed", detail: result.detail };
  const { json, error } = sayingOf(result);
  if (error !== null) return { type: "failed", detail: errorName(error) };
  return renewedFrom(fieldsOf(json), now) ?? { type: "failed", detail: `http_${result.status}` };
}

function renewedFrom(json: ReturnType<typeof fieldsOf>, now: number): Renewed | null {
  const token = json["access_token"];
  const lifeS = numberOf(json["expires_in"]);
  if (typeof token !== "string" || token === "" || lifeS === null) return null;
  return { type: "renewed", fields: { token, [endField]: String(now + lifeS * 1_000) } };
}
