import { CommandError } from "./command-error.ts";
import type { JsonRecord } from "./exact-json.ts";

/** A string field; throws a CommandError otherwise. */
export function readText(body: JsonRecord, name: string): string {
  const value = body[name];
  if (typeof value !== "string") throw new CommandError(`${name} must be a string`);
  return value;
}

/** An id or similar scalar, a string or a whole number of any length, as text. */
export function readId(body: JsonRecord, name: string): string {
  const value = body[name];
  const scalar = typeof value === "bigint" || Number.isSafeInteger(value);
  return scalar ? String(value) : readText(body, name);
}

/** A number that is not negative. */
export function readNumber(body: JsonRecord, name: string): number {
  const value = body[name];
  if (typeof value !== "number" || !(value >= 0)) {
    throw new CommandError(`${name} must be a number that is not negative`);
  }
  return value;
}

/** A boolean field, or the default when it is absent. */
export function readFlag(body: JsonRecord, name: string, absent: boolean): boolean {
  const value = body[name] ?? absent;
  if (typeof value !== "boolean") throw new CommandError(`${name} must be true or false`);
  return value;
}

/** One of the listed words. */
export function readChoice<const Choice extends string>(
  body: JsonRecord,
  name: string,
  choices: readonly Choice[],
): Choice {
  const chosen = choices.find((choice) => choice === body[name]);
  if (chosen === undefined) throw new CommandError(`${name} must be one of ${choices.join(", ")}`);
  return chosen;
}

/** The field by another reader, null when it is absent or null. */
export function readOptional<Value>(
  body: JsonRecord,
  name: string,
  read: (body: JsonRecord, name: string) => Value,
): Value | null {
  return (body[name] ?? null) === null ? null : read(body, name);
}
