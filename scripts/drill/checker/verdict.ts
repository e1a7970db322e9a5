import type { Histories } from "../histories.ts";

/** Something that must not be; `where` names the conversation, if it is about one. */
export type Violation = {
  readonly sentence: string;
  readonly where: Conversation | null;
};

export type Conversation = { readonly account: string; readonly client: string };

/** What one invariant came to. It holds when nothing violates it. */
export type Verdict = {
  readonly invariant: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly violations: readonly Violation[];
};

/** One invariant: a pure function over the histories. */
export type Check = (histories: Histories) => Verdict;

/** A name for a conversation that sorts and compares. */
export function conversationKey({ account, client }: Conversation): string {
  return `${account}/${client}`;
}

/** A name for a message; message ids are only unique within an account. */
export function messageKey(of: { readonly account: string; readonly message: string }): string {
  return `${of.account}/${of.message}`;
}

/** Groups items by a key, in their order. */
export function groupBy<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
): ReadonlyMap<string, readonly Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
