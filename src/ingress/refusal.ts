/** How soon a platform may deliver again what could not be stored, s. */
const retryAfterS = 1;

/** A refused request: a status, a stable code, and a sentence that says what is wrong. */
export function refusal(status: number, code: string, message: string): Response {
  const headers: Record<string, string> =
    status === 503 ? { "Retry-After": String(retryAfterS) } : {};
  return Response.json({ error: { code, message } }, { status, headers });
}
