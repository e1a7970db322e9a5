import { isJsonObject, parseJson } from "../../core/json.ts";
import type { HttpAnswer, HttpClient, HttpResult } from "../../platform/http/client.ts";
import { type Account, credential } from "../account.ts";
import { type Fields, fieldsOf, numberOf } from "./fields.ts";

/** The Graph API, which is behind WhatsApp, Messenger and Instagram alike. */

/** Meta keeps a version for two years; v23.0 came in May 2025. */
const graphVersion = "v23.0";

export type Graph = { readonly http: HttpClient; readonly timeoutMs: number };

/** The address of an object or of one of its edges, e.g. `…/v23.0/1234/messages`. */
function graphUrl(account: Account, ...path: readonly string[]): string {
  const base = account.apiUrl.replace(/\/+$/, "");
  return [base, graphVersion, ...path.map(encodeURIComponent)].join("/");
}

/** The token stands in a header, never in an address, which proxies and logs would keep. */
export function bearer(token: string): Readonly<Record<string, string>> {
  return { Authorization: `Bearer ${token}` };
}

/** Posts JSON to the Graph in the account's name. */
export function postGraph(
  graph: Graph,
  account: Account,
  call: { readonly path: readonly string[]; readonly body: Fields },
): Promise<HttpResult> {
  return graph.http.post({
    url: graphUrl(account, ...call.path),
    headers: { ...bearer(credential(account, "token")), "Content-Type": "application/json" },
    body: JSON.stringify(call.body),
    timeoutMs: graph.timeoutMs,
  });
}

/** Asks the Graph in the account's name; `query` is written as it stands. */
export function askGraph(
  graph: Graph,
  account: Account,
  call: { readonly path: readonly string[]; readonly query?: string },
): Promise<HttpResult> {
  const query = call.query === undefined ? "" : `?${call.query}`;
  return graph.http.get({
    url: `${graphUrl(account, ...call.path)}${query}`,
    headers: bearer(credential(account, "token")),
    timeoutMs: graph.timeoutMs,
  });
}

/** `{"error":{"code","error_subcode",…}}`. Its sentences may quote what we sent, so nobody reads them. */
export type GraphError = { readonly code: number; readonly subcode: number | null };

/** What an answer says: `json` is null when it is none, `error` when it names one. */
export type GraphSaying = { readonly json: Fields | null; readonly error: GraphError | null };

/** Reads an answer of the Graph; never throws. */
export function sayingOf({ body }: Pick<HttpAnswer, "body">): GraphSaying {
  const parsed = parseJson(body);
  const json = parsed.ok && isJsonObject(parsed.value) ? parsed.value : null;
  if (json === null || !isJsonObject(json["error"])) return { json, error: null };
  const error = fieldsOf(json["error"]);
  const code = numberOf(error["code"]) ?? 0;
  return { json, error: { code, subcode: numberOf(error["error_subcode"]) } };
}

/** A short word for people: `graph_131047`, `graph_10_2018278`. */
export function errorName({ code, subcode }: GraphError): string {
  return subcode === null ? `graph_${code}` : `graph_${code}_${subcode}`;
}
