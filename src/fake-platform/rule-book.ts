import type { Random } from "./seeded-random.ts";

/** What a rule is asked about: a call to the API or a webhook on its way. */
export type RuleSubject = {
  readonly account: string;
  readonly clientId: string | null;
  readonly hookType: string | null;
};

/** When a rule applies; null stands for everything, and `next` null means until it is cleared. */
export type RuleScope = {
  readonly account: string | null;
  readonly clientId: string | null;
  readonly hookType: string | null;
  readonly next: number | null;
  readonly probability: number;
};

type Rule<Action> = {
  readonly action: Action;
  readonly scope: RuleScope;
  left: number;
  random: Random;
};

/** Told misbehaviour, in the order it was told: the first rule that applies is the one that is used. */
export class RuleBook<Action> {
  #rules: readonly Rule<Action>[] = [];

  add(action: Action, scope: RuleScope, random: Random): void {
    const left = scope.next ?? Number.POSITIVE_INFINITY;
    this.#rules = [...this.#rules, { action, scope, left, random }];
  }

  /** The action for this subject among those that `fits` names, or null; a used rule counts down. */
  pick(subject: RuleSubject, fits: (action: Action) => boolean): Action | null {
    const rule = this.#rules.find(
      (candidate) =>
        fits(candidate.action) && covers(candidate.scope, subject) && happens(candidate),
    );
    if (rule === undefined) return null;
    rule.left -= 1;
    this.#rules = this.#rules.filter((kept) => kept.left > 0);
    return rule.action;
  }

  /** Forgets the rules of one account, or all with null. */
  clear(account: string | null): void {
    this.#rules = this.#rules.filter(
      (rule) => account !== null && rule.scope.account !== null && rule.scope.account !== account,
    );
  }
}

function covers(scope: RuleScope, subject: RuleSubject): boolean {
  return (
    same(scope.account, subject.account) &&
    same(scope.clientId, subject.clientId) &&
    same(scope.hookType, subject.hookType)
  );
}

function same(wanted: string | null, actual: string | null): boolean {
  return wanted === null || wanted === actual;
}

function happens(rule: { readonly scope: RuleScope; readonly random: Random }): boolean {
  return rule.scope.probability >= 1 || rule.random() < rule.scope.probability;
}
