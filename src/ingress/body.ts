import { within } from "../core/deadline.ts";
import { refusal } from "./refusal.ts";

/** A webhook's largest body, bytes. */
const bodyBytesMax = 1_048_576;

export type Body =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly refusal: Response };

/** A body must have come within this time, ms; no platform waits longer for its answer. */
const bodyMs = 10_000;

/** Reads a request's body as it came: 413 when it is too large, 415 when it is encoded or is not said to be JSON. */
export async function readBody(request: Request): Promise<Body> {
  const announced = Number(request.headers.get("content-length") ?? 0);
  if (announced > bodyBytesMax) return tooLarge();
  const bytes = await within(readBytes(request), bodyMs, "the body").catch(() => undefined);
  if (bytes === undefined) return incomplete();
  if (bytes === null || bytes.length > bodyBytesMax) return tooLarge();
  const wrongType = judgeHeaders(request.headers);
  return wrongType === null ? { ok: true, bytes } : { ok: false, refusal: wrongType };
}

function readBytes(request: Request): Promise<Uint8Array | null> {
  return request.headers.has("content-length") ? request.bytes() : readBounded(request);
}

function tooLarge(): Body {
  return {
    ok: false,
    refusal: refusal(413, "too_large", `a webhook may have ${bodyBytesMax} bytes at most`),
  };
}

/** The sender went away or was too slow. */
function incomplete(): Body {
  return { ok: false, refusal: refusal(400, "incomplete", "the body did not come to its end") };
}

function judgeHeaders(headers: Headers): Response | null {
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding.toLowerCase() !== "identity") {
    return refusal(415, "encoded_body", "send the body without a content encoding");
  }
  const type = headers.get("content-type");
  const essence = type?.split(";")[0]?.trim().toLowerCase() ?? "";
  const json =
    type === null || essence === "" || essence === "application/json" || essence.endsWith("+json");
  return json ? null : refusal(415, "not_json_type", "send the body as application/json");
}

/** Reads a body of unknown length up to the limit; null when it is longer. */
async function readBounded(request: Request): Promise<Uint8Array | null> {
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body) {
    length += chunk.length;
    if (length > bodyBytesMax) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
