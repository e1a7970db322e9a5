/**
 * A session: a stretch of activity in a conversation, with exactly one owner at a time.
 *
 *            first message                     operator writes, or the dialog is transferred to one
 *   none ──────────────────▶ owned by bot ───────────────────────────────────────────▶ owned by human
 *    ▲                         │      ▲                                                   │      │
 *    │   silence of 20 min     │      └── dialog or request closed ───────────────────────┘      │
 *    └─────────────────────────┴──────────────────── silence of 20 min ──────────────────────────┘
 *
 * Every change of owner raises the epoch, and what the bot decided under an older epoch is not sent. A new session always
 * begins with the bot. Times are ms by PostgreSQL's clock.
 */
export type Owner = "bot" | "human";

export type Session = {
  readonly number: number;
  readonly owner: Owner;
  readonly startedAt: number;
  /** When it ends if nobody writes. */
  readonly endsAt: number;
};

/** What a conversation remembers of its sessions; `current` is null between two of them. */
export type Sessions = {
  readonly current: Session | null;
  readonly count: number;
  readonly ownerEpoch: number;
};

/** A session as it is to be recorded: begun, changed or ended. */
export type SessionRecord = {
  readonly number: number;
  readonly owner: Owner;
  readonly ownerEpoch: number;
  readonly startedAt: number;
  readonly endedAt: number | null;
};

export type SessionStep = {
  readonly sessions: Sessions;
  readonly records: readonly SessionRecord[];
};

export const noSessions: Sessions = { current: null, count: 0, ownerEpoch: 0 };

/** Whether the bot may answer. */
export function botOwns(sessions: Sessions): boolean {
  return sessions.current?.owner !== "human";
}

/** Ends the session whose silence is over at `at`; the epoch rises when the bot gets the conversation back by it. */
export function endIfSilent(sessions: Sessions, at: number): SessionStep {
  const { current } = sessions;
  if (current === null || at < current.endsAt) return { sessions, records: [] };
  const ended: SessionRecord = {
    ...recordOf(current, sessions.ownerEpoch),
    endedAt: current.endsAt,
  };
  const ownerEpoch = current.owner === "human" ? sessions.ownerEpoch + 1 : sessions.ownerEpoch;
  return { sessions: { ...sessions, current: null, ownerEpoch }, records: [ended] };
}

/** Somebody wrote: the session goes on, or a new one begins. */
export function touch(sessions: Sessions, at: number, silenceMs: number): SessionStep {
  const { current } = sessions;
  if (current !== null) {
    const endsAt = Math.max(current.endsAt, at + silenceMs);
    return { sessions: { ...sessions, current: { ...current, endsAt } }, records: [] };
  }
  const begun: Session = {
    number: sessions.count + 1,
    owner: "bot",
    startedAt: at,
    endsAt: at + silenceMs,
  };
  return {
    sessions: { ...sessions, current: begun, count: begun.number },
    records: [recordOf(begun, sessions.ownerEpoch)],
  };
}

/** Gives the current session to `owner`; nothing happens when there is none or it is theirs already. */
export function giveTo(sessions: Sessions, owner: Owner): SessionStep {
  const { current } = sessions;
  if (current === null || current.owner === owner) return { sessions, records: [] };
  const ownerEpoch = sessions.ownerEpoch + 1;
  const given: Session = { ...current, owner };
  return {
    sessions: { ...sessions, current: given, ownerEpoch },
    records: [recordOf(given, ownerEpoch)],
  };
}

function recordOf(session: Session, ownerEpoch: number): SessionRecord {
  return {
    number: session.number,
    owner: session.owner,
    ownerEpoch,
    startedAt: session.startedAt,
    endedAt: null,
  };
}
