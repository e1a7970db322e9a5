import type { HttpAnswer } from "../../../platform/http/client.ts";
import { type Account, credential } from "../../account.ts";
import type { MediaLocation } from "../../channel.ts";
import { meaningOf } from "../codes.ts";
import { urlOf } from "../fields.ts";
import { askGraph, bearer, errorName, type Graph, sayingOf } from "../graph.ts";
import { waitOf } from "../outcome.ts";
import { whatsAppCodes } from "./codes.ts";

/** What no later question will change: the file is gone, or is nobody's any more. */
const goneCodes: ReadonlySet<string> = new Set(["graph_100", "graph_100_33", "graph_131052"]);

/** `GET /{media-id}` says where the file is for the next five minutes; that address wants the token, too. */
export async function locate(file: string, account: Account, graph: Graph): Promise<MediaLocation> {
  if (!/^\d+$/.test(file)) return { type: "gone", detail: "no_media_id" };
  const result = await askGraph(graph, account, { path: [file] });
  if (result.type === "failure")
    return { type: "failed", detail: result.detail, retryAfterMs: null };
  const { json } = sayingOf(result);
  const url = urlOf(json?.["url"]);
  return url === null ? notFound(result) : found(url, account);
}

/** The Graph itself names the address, so the token may go there. */
function found(url: string, account: Account): MediaLocation {
  return { type: "found", url, headers: bearer(credential(account, "token")), trusted: true };
}

function notFound(answer: HttpAnswer): MediaLocation {
  const { error } = sayingOf(answer);
  const detail = error === null ? `http_${answer.status}` : errorName(error);
  const unknown = error !== null && goneCodes.has(detail);
  if (unknown || answer.status === 404) return { type: "gone", detail };
  const waits = error !== null && meaningOf(whatsAppCodes, error) === "throttled";
  return { type: "failed", detail, retryAfterMs: waits ? waitOf(answer) : null };
}
