/** A short, safe description of anything thrown: class and code, and the message only where we wrote it ourselves. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return "unknown error";
  const code = "code" in error && typeof error.code === "string" ? error.code : null;
  return code === null ? `${error.name}: ${error.message}` : `${error.name} ${code}`;
}
