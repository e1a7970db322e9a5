/** A command that cannot be carried out; the message says what is wrong with it. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}
