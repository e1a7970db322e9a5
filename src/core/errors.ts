/** What the engine throws about data: its message may quote the data, e.g. the text that is not JSON. */
const quoting = new Set(["SyntaxError", "URIError"]);

/** A short, safe description of anything thrown: its name and code, and its message only where that quotes no data. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return "unknown error";
  if ("code" in error && typeof error.code === "string") return `${error.name} ${error.code}`;
  return quoting.has(error.name) ? error.name : `${error.name}: ${error.message}`;
}
