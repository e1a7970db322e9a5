import type { HttpResult } from "../../platform/http/client.ts";
import type { Connection } from "../channel.ts";
import { type Codes, codesOf, meaningOf } from "./codes.ts";
import { type Fields, fieldsOf, listOf } from "./fields.ts";
import { errorName, sayingOf } from "./graph.ts";

/** What the Graph answered to a question or a setting, as far as a connection is concerned. */
export type Replied =
  | { readonly ok: true; readonly json: Fields }
  | { readonly ok: false; readonly connection: Connection };

const codes: Codes = codesOf([]);

/** Reads an answer; `what` names the call for people. */
export function repliedOf(result: HttpResult, what: string): Replied {
  if (result.type === "failure")
    return refusal("unreachable", `${what}: no answer (${result.detail})`);
  const { json, error } = sayingOf(result);
  if (error !== null) {
    const refused = meaningOf(codes, error) === "unauthorized";
    return refusal(refused ? "refused" : "failing", `${what}: refused with ${errorName(error)}`);
  }
  return json === null || result.status >= 300
    ? refusal("unreachable", `${what}: answered with status ${result.status}`)
    : { ok: true, json };
}

function refusal(state: Connection["state"], note: string): Replied {
  return { ok: false, connection: { state, notes: [note] } };
}

/** The `data` of a list of the Graph. */
export function dataOf(json: Fields): readonly Fields[] {
  return listOf(json["data"]).map(fieldsOf);
}
