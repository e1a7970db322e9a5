import { encodeJson } from "../../../fake-platform/exact-json.ts";
import type { Answer } from "../../../fake-platform/http-front.ts";

/** The documented envelope of a success. */
export function okAnswer(result: unknown): Answer {
  return { status: 200, body: encodeJson({ ok: true, result }) };
}

/** The documented envelope of a refusal; the HTTP status repeats the code. */
export function errorAnswer(code: number, description: string, parameters?: object): Answer {
  const more = parameters === undefined ? {} : { parameters };
  return { status: code, body: encodeJson({ ok: false, error_code: code, description, ...more }) };
}

/** `retryAfterS` are whole seconds, as Telegram counts. */
export function throttleAnswer(retryAfterS: number): Answer {
  const description = `Too Many Requests: retry after ${retryAfterS}`;
  return errorAnswer(429, description, { retry_after: retryAfterS });
}

export const unauthorizedAnswer = errorAnswer(401, "Unauthorized");
export const notFoundAnswer = errorAnswer(404, "Not Found");
