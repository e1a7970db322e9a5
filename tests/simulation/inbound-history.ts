import type { LaneCommit } from "../../src/conversation/store.ts";
import type { ConversationId } from "../../src/core/ids.ts";
import type { Committed } from "../support/fakes/conversation-options.ts";
import type { Tables } from "../support/fakes/tables.ts";
import type { World } from "../support/simulation/world.ts";
import type { Poison, RecordingRun } from "./recording-dialog.ts";

/** A message that a client of the simulated platform writes. */
export type Written = {
  readonly number: number;
  readonly client: string;
  readonly conversation: ConversationId;
  readonly poison: Poison | null;
};

/**
 * What happened on the way in, as the platform and PostgreSQL saw it, and whether it may happen:
 * every acknowledged event is applied once or parked · what was acknowledged before another was received is applied before it ·
 * every decision stands on the state that the one before left · only poison is parked.
 */
export type InboundHistory = {
  readonly written: (event: Written) => void;
  readonly received: (event: number) => void;
  readonly acknowledged: (event: number) => void;
  readonly decided: (event: number) => void;
  readonly committed: (committed: Committed) => void;
  readonly parked: (conversation: ConversationId, id: number) => void;
  /** Whether every event is acknowledged and applied or parked. */
  readonly isComplete: () => boolean;
  /** How often work on an event began, at most. */
  readonly startsMax: () => number;
  readonly poisonCount: () => number;
  readonly appliedCount: () => number;
  /** What was never acknowledged, applied or parked. */
  readonly missing: () => readonly string[];
};

type Course = Written & {
  /** Events of the conversation that were acknowledged when this one was first received. */
  before: readonly number[] | null;
  acknowledged: boolean;
  end: "applied" | "parked" | null;
  starts: number;
};

/**
 * An event that is innocent is parked after at least so many of its holders were killed or stopped while it was being counted:
 * from inside that cannot be told from an event that kills.
 */
const interruptionsMin = 3;

/** Watches one run; faults go to the world. */
export function createInboundHistory(world: World, tables: Tables): InboundHistory {
  const courses = new Map<number, Course>();
  const told = new Map<ConversationId, number[]>();
  let open = 0;

  const courseOf = (event: number): Course => {
    const course = courses.get(event);
    if (course === undefined) throw new Error(`event ${event} was never written`);
    return course;
  };
  const close = (course: Course, end: "applied" | "parked"): void => {
    if (course.end !== null) world.fail(`event ${course.number} was ${course.end}, then ${end}`);
    if (course.end === null && course.acknowledged) open -= 1;
    course.end = end;
  };
  const closeInOrder = (course: Course, end: "applied" | "parked"): void => {
    close(course, end);
    const early = (course.before ?? []).find((event) => courseOf(event).end === null);
    if (early !== undefined)
      world.fail(`event ${course.number} is ${end}, ${early} is not, but was acknowledged before`);
  };

  const committed = ({ lane, ids }: Committed): void => {
    const known = told.get(lane.c) ?? [];
    for (const id of ids) {
      const event = eventOfRow(tables, id);
      if (event === null) continue;
      closeInOrder(courseOf(event), "applied");
      known.push(event);
    }
    told.set(lane.c, known);
    const remembered = rememberedBy(lane);
    if (remembered.join() !== known.join())
      world.fail(`${lane.c} was told ${known.join()}, its state knows ${remembered.join()}`);
  };

  return {
    written: (event) => {
      courses.set(event.number, {
        ...event,
        before: null,
        acknowledged: false,
        end: null,
        starts: 0,
      });
      open += 1;
    },
    received: (event) => {
      const course = courseOf(event);
      course.before ??= [...courses.values()]
        .filter(({ conversation }) => conversation === course.conversation)
        .flatMap(({ acknowledged, number }) => (acknowledged ? [number] : []));
    },
    acknowledged: (event) => {
      const course = courseOf(event);
      if (!course.acknowledged && course.end !== null) open -= 1;
      course.acknowledged = true;
    },
    decided: (event) => {
      const course = courseOf(event);
      course.starts += 1;
      if (course.starts > 200) world.fail(`event ${event} is tried for ever`);
    },
    committed,
    parked: (_conversation, id) => {
      const event = eventOfRow(tables, id);
      const course = event === null ? null : courseOf(event);
      if (course !== null) closeInOrder(course, "parked");
      if ((course?.poison ?? null) === null && world.interruptions() < interruptionsMin)
        world.fail(`innocent event ${event ?? `row ${id}`} was parked`);
    },
    isComplete: () => open === 0,
    startsMax: () => Math.max(0, ...[...courses.values()].map(({ starts }) => starts)),
    poisonCount: () => [...courses.values()].filter(({ poison }) => poison !== null).length,
    appliedCount: () => [...courses.values()].filter(({ end }) => end === "applied").length,
    missing: () =>
      [...courses.values()].flatMap((course) => {
        if (!course.acknowledged) return [`${course.number} was never acknowledged`];
        return course.end === null ? [`${course.number} is still open`] : [];
      }),
  };
}

function rememberedBy({ s }: LaneCommit): readonly number[] {
  const state: { readonly run: RecordingRun } = JSON.parse(JSON.stringify(s));
  return state.run.data;
}

/** Which written event a stored one is; null for what the platform told by itself. */
function eventOfRow(tables: Tables, id: number): number | null {
  const row = tables.journal.get(id);
  if (row === undefined) return null;
  const { number }: { readonly number?: number } = JSON.parse(new TextDecoder().decode(row.raw));
  return number ?? null;
}
