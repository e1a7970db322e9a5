import { describeError } from "../core/errors.ts";
import { classifyFailure } from "../platform/postgres/failure.ts";
import type { DecidedTurn } from "./decide-turn.ts";
import { addRows, type GroupRows } from "./rows.ts";
import type { AnyRun } from "./state.ts";
import type { LaneCommit, Verdict } from "./store.ts";
import type { WorkerParts } from "./worker-parts.ts";

/** How a decided turn's commit ended: a verdict of the protocol, or PostgreSQL refused its rows even alone. */
export type CommitEnd<Run extends AnyRun> = { readonly decided: DecidedTurn<Run> } & (
  | { readonly verdict: Verdict }
  | { readonly verdict: "refused"; readonly reason: string }
);

/**
 * Commits a group in one transaction. When PostgreSQL refuses the group it is tried member by member, so that nobody fails with a
 * neighbour.
 * @throws when it is not known whether the group was committed; nothing may then be concluded.
 */
export async function commitGroup<Run extends AnyRun>(
  parts: WorkerParts<Run>,
  group: readonly DecidedTurn<Run>[],
): Promise<readonly CommitEnd<Run>[]> {
  try {
    return await commitTogether(parts, group);
  } catch (error) {
    const failure = classifyFailure(error);
    if (failure === "unknown") throw error;
    const [only] = group;
    if (group.length === 1 && only !== undefined) {
      return [
        failure === "conflict"
          ? { decided: only, verdict: "stale" }
          : { decided: only, verdict: "refused", reason: describeError(error) },
      ];
    }
    const ends: CommitEnd<Run>[] = [];
    for (const member of group) ends.push(...(await commitGroup(parts, [member])));
    return ends;
  }
}

async function commitTogether<Run extends AnyRun>(
  parts: WorkerParts<Run>,
  group: readonly DecidedTurn<Run>[],
): Promise<readonly CommitEnd<Run>[]> {
  const rows: GroupRows = { messages: [], logs: [], outbox: [], rare: [] };
  group.forEach((decided, i) => {
    const { lane, origin, version } = decided.turn;
    const keys = { i, t: lane.tenant, c: lane.conversation, o: origin.id, version: version + 1 };
    addRows(rows, keys, {
      effects: decided.effects,
      deadlineMs: parts.settings.deliveryDeadlineMs,
    });
  });
  const begun = parts.clock.monotonic();
  const verdicts = await parts.store.commit(group.map(laneCommit), rows);
  parts.metrics.commitSeconds.observe((parts.clock.monotonic() - begun) / 1_000);
  return group.map((decided, i) => ({ decided, verdict: verdicts[i] ?? "stale" }));
}

function laneCommit<Run extends AnyRun>(decided: DecidedTurn<Run>, i: number): LaneCommit {
  const { turn, state, applied, timer } = decided;
  return {
    i,
    t: turn.lane.tenant,
    c: turn.lane.conversation,
    o: turn.origin.id,
    n: state.identity,
    v: turn.version,
    s: state,
    e: state.sessions.ownerEpoch,
    f: turn.fast,
    x: applied.map((arrival) => arrival.id),
    m: applied.at(-1)?.id ?? "0",
    d: timer.setTo,
    r: timer.remove,
  };
}
