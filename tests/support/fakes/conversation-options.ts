import type { LaneCommit } from "../../../src/conversation/store.ts";
import type { ConversationId } from "../../../src/core/ids.ts";
import type { ConversationRow, OutboxRow, Tables } from "./tables.ts";

/** Safeguards that a mutant leaves out. */
export type StoreMutants = {
  readonly noVersionCheck?: boolean;
  readonly noPresenceCheck?: boolean;
  readonly noGapCheck?: boolean;
  /** What was applied is everything up to the highest applied id. */
  readonly watermark?: boolean;
  /** An attempt is never counted before it is begun. */
  readonly noSuspicion?: boolean;
  /** A failed event stays where it is. */
  readonly noPark?: boolean;
};

/** A lane whose commit was accepted. */
export type Committed = { readonly lane: LaneCommit; readonly ids: readonly number[] };

export type FakeStoreOptions = {
  readonly tables: Tables;
  readonly mutants?: StoreMutants;
  /** Whether somebody else holds a conversation's lock at this moment. */
  readonly isLocked?: (conversation: ConversationId) => boolean;
  readonly onCommit?: (committed: Committed) => void;
  readonly onDelivery?: ((row: OutboxRow) => void) | undefined;
  readonly onPark?: (conversation: ConversationId, id: number) => void;
};

/** The row of a conversation, made when it is not there. */
export function conversationOf(
  tables: Tables,
  { c, t, o }: Pick<LaneCommit, "c" | "t" | "o">,
): ConversationRow {
  const known = tables.conversations.get(c);
  if (known !== undefined) return known;
  const made: ConversationRow = { tenant: t, origin: o, version: 0, ownerEpoch: 0, state: null };
  tables.conversations.set(c, made);
  return made;
}
