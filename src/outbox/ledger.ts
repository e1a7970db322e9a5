import { pause } from "../core/deadline.ts";
import { describeError } from "../core/errors.ts";
import { grouped } from "../core/grouped.ts";
import { classifyFailure } from "../platform/postgres/failure.ts";
import type { Logger } from "../platform/telemetry/logger.ts";
import type { Grant } from "./limiter.ts";
import type { Finished, GrantAnswer, GrantQuestion, OutboxStore } from "./store.ts";

/**
 * What a sender writes down in PostgreSQL: marks before it calls, ends after it called. What all its calls have to say at one
 * moment goes there in one statement.
 */
export type Ledger = {
  /** Marks the conversation's head for this grant; null when nobody knows whether the mark was committed. */
  readonly mark: (grant: Grant) => Promise<GrantAnswer | null>;
  /** Resolves when the end is committed. Rejects when PostgreSQL refuses it or stays away too long: then silence speaks for it. */
  readonly record: (finished: Finished) => Promise<void>;
};

/**
 * How often and how far apart an end is offered to PostgreSQL. Long, because an end that is known spares a copy: it still counts
 * after the silence was noticed, and nothing else can be done while PostgreSQL is away.
 */
const recordTries = 240;
const recordPauseMs = 500;
const exchangeItemsMax = 256;
/** One call at a time: what comes meanwhile goes together into the next one, and half as many transactions cost half as much. */
const exchangeCallsMax = 1;

type Item = { readonly finished: Finished } | { readonly grant: Omit<GrantQuestion, "i"> };
type Answer = GrantAnswer | { readonly verdict: "recorded" };
type Settled = Answer | { readonly verdict: "refused"; readonly error: unknown };

/** Makes the ledger of one sender; a refused or lost statement never takes its neighbours' marks or ends with it. */
export function createLedger(store: OutboxStore, logger: Logger): Ledger {
  const exchange = grouped((items: readonly Item[]) => exchangeGroup(store, items), {
    itemsMax: exchangeItemsMax,
    callsMax: exchangeCallsMax,
  });

  const offer = async (finished: Finished): Promise<void> => {
    const answer = await exchange({ finished });
    if (answer.verdict === "refused") throw new RefusedEnd(answer.error);
  };

  return {
    mark: async (grant) => {
      const sc = grant.scopes.map(({ key }) => key);
      const question = { t: grant.tenant, c: grant.conversation, k: grant.token, sc };
      try {
        const answer = await exchange({ grant: question });
        return answer.verdict === "recorded" || answer.verdict === "refused" ? null : answer;
      } catch (error) {
        const conversation = grant.conversation;
        logger.warn("a delivery could not be marked", {
          conversation,
          error: describeError(error),
        });
        return null;
      }
    },
    record: (finished) => insistently(() => offer(finished)),
  };
}

/** Tries again while PostgreSQL is away or busy; a refusal is final. */
async function insistently(offer: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await offer();
    } catch (error) {
      if (tries >= recordTries || error instanceof RefusedEnd) throw error;
    }
    await pause(recordPauseMs);
  }
}

/** PostgreSQL judged the row itself: to offer it again would change nothing. */
class RefusedEnd extends Error {
  readonly code = "end_refused";
  constructor(cause: unknown) {
    super("PostgreSQL refused the end of an attempt", { cause });
  }
}

/** A group that is refused is offered member by member: one bad row takes nothing from its neighbours. */
async function exchangeGroup(
  store: OutboxStore,
  items: readonly Item[],
): Promise<readonly Settled[]> {
  try {
    return await exchangeOnce(store, items);
  } catch (error) {
    if (classifyFailure(error) !== "refused") throw error;
    if (items.length === 1) return [{ verdict: "refused", error }];
    const settled: Settled[] = [];
    for (const item of items) settled.push(...(await exchangeGroup(store, [item])));
    return settled;
  }
}

async function exchangeOnce(
  store: OutboxStore,
  items: readonly Item[],
): Promise<readonly Answer[]> {
  const finished = items.flatMap((item) => ("finished" in item ? [item.finished] : []));
  const grants = items.flatMap((item, i) => ("grant" in item ? [{ i, ...item.grant }] : []));
  const answers = new Map(
    (await store.exchange(finished, grants)).map((answer) => [answer.i, answer]),
  );
  return items.map((item, i) => {
    if ("finished" in item) return { verdict: "recorded" };
    return answers.get(i) ?? { verdict: "empty", i };
  });
}
