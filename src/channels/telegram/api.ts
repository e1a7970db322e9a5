import { isJsonObject, parseJson } from "../../core/json.ts";
import type { HttpAnswer, HttpClient, HttpFailure } from "../../platform/http/client.ts";
import { type Account, credential } from "../account.ts";
import { fieldsOf, integer, type Json, words } from "./json.ts";

/**
 * One call of the Bot API. The token stands in the address, so addresses are never kept, logged or told; Telegram's own sentences
 * are compared with and not passed on, because they may quote what we sent.
 */
export type Api = {
  readonly call: (account: Account, method: string, parameters: Json) => Promise<ApiAnswer>;
};

export type ApiAnswer =
  | { readonly type: "ok"; readonly status: number; readonly result: unknown }
  | ApiRefusal
  /** A complete answer that is none of the Bot API's: of something that stands between. */
  | { readonly type: "foreign"; readonly status: number }
  /** An answer whose end is missing. */
  | { readonly type: "cut"; readonly status: number }
  | HttpFailure;

export type ApiRefusal = {
  readonly type: "refused";
  readonly status: number;
  /** In lower case. */
  readonly description: string;
  readonly retryAfterS: number | null;
  readonly movedTo: number | null;
};

/** Makes the caller; every call is bounded by `timeoutMs`. */
export function createApi(http: HttpClient, timeoutMs: number): Api {
  return {
    call: async (account, method, parameters) => {
      const result = await http.post({
        url: `${baseOf(account)}/bot${credential(account, "token")}/${method}`,
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(parameters),
        timeoutMs,
      });
      return result.type === "failure" ? result : answerOf(result);
    },
  };
}

/** Where a file lies that `getFile` has named; null for what is no path of its own. */
export function fileUrl(account: Account, path: string): string | null {
  if (!/^[\w.-]+(?:\/[\w.-]+)*$/.test(path) || path.split("/").includes("..")) return null;
  return `${baseOf(account)}/file/bot${credential(account, "token")}/${path}`;
}

function baseOf({ apiUrl }: Account): string {
  return apiUrl.replace(/\/+$/, "");
}

function answerOf({ status, body, endProven }: HttpAnswer): ApiAnswer {
  const parsed = parseJson(body);
  const json = parsed.ok && isJsonObject(parsed.value) ? parsed.value : null;
  if (json === null) return endProven ? { type: "foreign", status } : { type: "cut", status };
  if (json["ok"] === true) return { type: "ok", status, result: json["result"] };
  if (json["ok"] !== false) return { type: "foreign", status };
  const parameters = fieldsOf(json["parameters"]);
  return {
    type: "refused",
    status: integer(json["error_code"]) ?? status,
    description: words(json["description"]).toLowerCase(),
    retryAfterS: integer(parameters?.["retry_after"]),
    movedTo: integer(parameters?.["migrate_to_chat_id"]),
  };
}
