import type { DialogRun } from "../dialog/dialog.ts";
import type { ReplyAddress } from "../message/message.ts";
import { noSessions, type Sessions } from "../sessions/session.ts";

/** The dialog's own snapshot, as the conversation sees it. */
export type AnyRun = DialogRun<string, unknown>;

/**
 * Everything a decision stands on. Lives in `conversations.state`, copied to Redis while the conversation is awake.
 * `v` is the shape's version: a process that meets another one parks the event instead of guessing.
 */
export type ConversationState<Run extends AnyRun> = {
  readonly v: 1;
  readonly identity: string | null;
  readonly sessions: Sessions;
  readonly run: Run;
  /** When an open run ends if the customer stays silent. */
  readonly runEndsAt: number | null;
  /** Where an answer goes; null until the customer wrote. */
  readonly address: ReplyAddress | null;
  /** The platform's time of the last release by its people, so that an older takeover that comes late changes nothing. */
  readonly releasedAt: number | null;
  /** The platform's time of the last word of its people, so that an older release that comes late changes nothing either. */
  readonly takenAt: number | null;
  /** What the row in `timers` says, a lower bound of the next deadline; null when there is no row. */
  readonly timerAt: number | null;
};

/** The state of a conversation in which nothing has happened yet. */
export function newConversation<Run extends AnyRun>(
  identity: string | null,
  run: Run,
): ConversationState<Run> {
  return {
    v: 1,
    identity,
    sessions: noSessions,
    run,
    runEndsAt: null,
    address: null,
    releasedAt: null,
    takenAt: null,
    timerAt: null,
  };
}

/** Reads a stored state; @throws when it was written by a version of Hookdesk that this one does not know. */
export function parseState<Run extends AnyRun>(stored: unknown): ConversationState<Run> {
  if (typeof stored !== "object" || stored === null || !("v" in stored) || stored.v !== 1) {
    throw new Error("conversation state of an unknown version");
  }
  return stored as ConversationState<Run>;
}

/** The next instant at which something may be due, or null. */
export function nextDeadline(state: ConversationState<AnyRun>): number | null {
  const ends = [state.sessions.current?.endsAt, state.runEndsAt].filter(
    (at) => typeof at === "number",
  );
  return ends.length === 0 ? null : Math.min(...ends);
}
