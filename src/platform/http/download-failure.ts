/** What Bun's node:http and axios call the usual ends, and what we do. */
const details: ReadonlyMap<string, string> = new Map([
  ["ECONNREFUSED", "connection_refused"],
  ["ENOTFOUND", "name_not_found"],
  ["EAI_AGAIN", "name_not_found"],
  ["DNS_ENOTFOUND", "name_not_found"],
  ["ECONNRESET", "connection_lost"],
  ["ECONNABORTED", "timeout"],
  ["ETIMEDOUT", "timeout"],
  ["ERR_CANCELED", "cancelled"],
  ["deadline_exceeded", "silence"],
]);

/** A short code for what a download threw; never its message, which may quote an address with a token in it. */
export function downloadFailure(error: unknown): string {
  const code = codeOf(error);
  if (code === null) return "no_answer";
  return details.get(code) ?? (/^\w{1,40}$/.test(code) ? code.toLowerCase() : "no_answer");
}

/** The outer code, because axios says there whether it was a time limit; else the cause's. */
function codeOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if ("code" in error && typeof error.code === "string") return error.code;
  return codeOf(error.cause);
}
