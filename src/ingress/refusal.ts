/** How soon a platform may deliver again what could not be stored, s. */
const retryAfterS = 1;

/** What some answers must say beside their sentence. */
const headersByStatus: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  // What is left of a body that is too large is not read to its end.
  413: { Connection: "close" },
  503: { "Retry-After": String(retryAfterS) },
};

/** A refused request: a status, a stable code, and a sentence that says what is wrong. */
export function refusal(status: number, code: string, message: string): Response {
  return Response.json(
    { error: { code, message } },
    { status, headers: headersByStatus[status] ?? {} },
  );
}

/** A request whose method does not fit its address; `allowed` as in the header `Allow`. */
export function wrongMethod(allowed: string): Response {
  const refused = refusal(405, "method_not_allowed", `this address answers to ${allowed}`);
  refused.headers.set("Allow", allowed);
  return refused;
}
