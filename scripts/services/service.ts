/** Something that `npm start` or `npm test` brought up and has to stop again. */
export type Service = {
  readonly name: string;
  readonly pid: number;
  /** Resolves when it is gone, whoever ended it, with words such as "ended with code 1". Never rejects. */
  readonly exited: Promise<string>;
  /** Ends it in an orderly way, by force after its deadline. Safe to call twice. */
  readonly stop: () => Promise<void>;
};

/** A reason that the person at the keyboard can do something about: its message is shown without a stack. */
export class CannotStart extends Error {
  override readonly name = "CannotStart";
}

/** The `code` of an error of the operating system, such as "EADDRINUSE". */
export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
