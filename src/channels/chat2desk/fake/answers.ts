import { encodeJson } from "../../../fake-platform/exact-json.ts";
import type { Answer } from "../../../fake-platform/http-front.ts";

/** How the platform says that a short-window limit is reached: by status, or with 200 and only the words. */
export type OverLimitStyle = {
  readonly as: "429" | "body";
  /** Seconds or an HTTP date; null sends no header, "auto" sends the seconds until a place is free. */
  readonly retryAfter: string | null;
};

const RATE_MESSAGE = "Number of API requests exceeded";
export const QUOTA_MESSAGE = "API calls exceeded API limit per month";
export const TOKEN_MESSAGE = "You have to specify your token in the Authorization header";

/** The documented envelope of a refusal. */
export function errorAnswer(status: number, message: string, field: string | null = null): Answer {
  const errors = field === null ? {} : { errors: { [field]: [message] } };
  return { status, body: encodeJson({ status: "error", message, ...errors }) };
}

/** The documented envelope of a success. */
export function successAnswer(data: unknown): Answer {
  return { status: 200, body: encodeJson({ data, status: "success" }) };
}

/** The refusal of a call over the limit; `waitMs` is the time until a place is free. */
export function overLimitAnswer(style: OverLimitStyle, waitMs: number): Answer {
  const retryAfter =
    style.retryAfter === "auto" ? String(Math.max(1, Math.ceil(waitMs / 1000))) : style.retryAfter;
  return {
    ...errorAnswer(style.as === "body" ? 200 : 429, RATE_MESSAGE),
    ...(retryAfter === null ? {} : { headers: { "retry-after": retryAfter } }),
  };
}
