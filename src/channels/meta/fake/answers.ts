import { encodeJson } from "../../../fake-platform/exact-json.ts";
import type { Answer } from "../../../fake-platform/http-front.ts";

export type GraphFault = {
  readonly code: number;
  readonly subcode: number | null;
  readonly status: number;
  /** Seconds to wait, said in a header; null says nothing. */
  readonly retryAfter: string | null;
};

const SENTENCES: ReadonlyMap<number, string> = new Map([
  [4, "Application request limit reached"],
  [10, "This message is sent outside of allowed window."],
  [100, "Invalid parameter"],
  [190, "Invalid OAuth access token - Cannot parse access token"],
  [613, "Calls to this api have exceeded the rate limit."],
  [130429, "Rate limit hit"],
  [131047, "Re-engagement message"],
  [131056, "(Business Account, Consumer Account) pair rate limit hit"],
]);

/** The documented envelope of a refusal. */
export function errorAnswer(fault: Partial<GraphFault> & Pick<GraphFault, "code">): Answer {
  const { code, subcode = null, status = 400, retryAfter = null } = fault;
  const message = `(#${code}) ${SENTENCES.get(code) ?? "An error occurred"}`;
  const narrower = subcode === null ? {} : { error_subcode: subcode };
  return {
    status,
    body: encodeJson({
      error: { message, type: "OAuthException", code, ...narrower, fbtrace_id: "A1b2C3d4E5f" },
    }),
    ...(retryAfter === null ? {} : { headers: { "retry-after": retryAfter } }),
  };
}

/** An answer of success. */
export function dataAnswer(body: unknown): Answer {
  return { status: 200, body: encodeJson(body) };
}
