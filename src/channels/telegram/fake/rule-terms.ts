import type { JsonRecord } from "../../../fake-platform/exact-json.ts";
import { readId, readNumber, readOptional, readText } from "../../../fake-platform/field-reader.ts";
import type { RuleScope } from "../../../fake-platform/rule-book.ts";

/** When misbehaviour applies: to the next so many (null: until cleared), with a probability drawn by the seed. */
export type RuleTerms = {
  readonly bot: string | null;
  readonly chatId: string | null;
  /** The method of a send, or the kind of an update. */
  readonly kind: string | null;
  readonly next: number | null;
  readonly probability: number;
  readonly seed: number;
};

/** Reads the terms of a rule; throws a CommandError that names the field at fault. */
export function readTerms(body: JsonRecord): RuleTerms {
  return {
    bot: readOptional(body, "bot", readText),
    chatId: readOptional(body, "chatId", readId),
    kind: readOptional(body, "kind", readText),
    next: readOptional(body, "next", readNumber),
    probability: readOptional(body, "probability", readNumber) ?? 1,
    seed: readOptional(body, "seed", readNumber) ?? 1,
  };
}

/** The scope of a rule; `line` is how the chat is called where the rule is asked. */
export function scopeOf(terms: RuleTerms, bot: string | null, line: string | null): RuleScope {
  const { kind, next, probability } = terms;
  return { account: bot, clientId: line, hookType: kind, next, probability };
}
