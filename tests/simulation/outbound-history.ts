import type { ConversationId } from "../../src/core/ids.ts";
import type { Origin, UnknownPolicy } from "../../src/tenants/origins.ts";
import { attemptKey, openDeliveries, seqKey, type Tables } from "../support/fakes/tables.ts";
import type { World } from "../support/simulation/world.ts";

/** Which delivery, and which try of it. */
export type DeliveryName = { readonly conversation: ConversationId; readonly seq: number };
export type Call = DeliveryName & { readonly origin: Origin; readonly attempt: number };

/**
 * What the platform saw of the way out, and whether it may happen: never more calls than the limit in any window · none while the
 * account is on hold · a second copy only where the earlier one is on record as ambiguous, none under `hold` · a conversation's
 * messages in order · nothing lost, nothing left open.
 */
export type OutboundHistory = {
  /** A delivery was committed. */
  readonly made: (delivery: DeliveryName & { readonly policy: UnknownPolicy }) => void;
  /** A call arrived, whatever becomes of it. */
  readonly arrived: (call: Call) => void;
  /** A message was taken by the platform. */
  readonly accepted: (call: Call) => void;
  readonly held: (origin: number, untilMs: number) => void;
  /** What is wrong when all is at rest; `calm` when nothing went wrong on the way. */
  readonly faultsAtRest: (calm: boolean) => readonly string[];
  readonly acceptedCount: () => number;
  readonly arrivals: (origin: number) => readonly number[];
};

type Course = DeliveryName & { readonly policy: UnknownPolicy; readonly copies: number[] };
type Hold = { readonly from: number; readonly until: number };

/** A call that was on its way when a hold was recorded may still arrive, ms. */
const underWayMs = 300;

/** Watches one run; faults go to the world. */
export function createOutboundHistory(world: World, tables: Tables): OutboundHistory {
  const courses = new Map<string, Course>();
  const lastSeq = new Map<ConversationId, number>();
  const arrivals = new Map<number, number[]>();
  const holds = new Map<number, Hold[]>();
  let acceptedCount = 0;

  const courseOf = ({ conversation, seq }: DeliveryName): Course | undefined =>
    courses.get(seqKey(conversation, seq));

  const isAmbiguous = ({ conversation, seq }: DeliveryName, attempt: number): boolean => {
    const record = tables.attempts.get(attemptKey(conversation, seq, attempt));
    return record !== undefined && record.declaredUnknownAt !== null;
  };

  const arrived = (call: Call): void => {
    const { id, rate } = call.origin;
    const now = world.now();
    const times = arrivals.get(id) ?? [];
    arrivals.set(id, times);
    times.push(now);
    world.note(
      () =>
        `arrived at ${id}: ${call.seq} of ${call.conversation.slice(0, 4)}, attempt ${call.attempt}`,
    );
    const earliest = times.at(-1 - rate.count);
    if (earliest !== undefined && now - earliest < rate.windowMs)
      world.fail(`${rate.count + 1} calls of origin ${id} in ${now - earliest} ms`);
    const hold = holds.get(id)?.find(({ from, until }) => now > from + underWayMs && now < until);
    if (hold !== undefined)
      world.fail(`origin ${id} was called during its hold from ${hold.from} to ${hold.until}`);
  };

  const accepted = (call: Call): void => {
    const { conversation, seq, attempt } = call;
    acceptedCount += 1;
    const course = courseOf(call);
    if (course === undefined) {
      world.fail(`${conversation}/${seq} was never committed`);
      return;
    }
    const blind = course.copies.find((copy) => !isAmbiguous(call, copy));
    if (blind !== undefined)
      world.fail(
        `${seq} is sent again (${attempt}), attempt ${blind} is not on record as ambiguous`,
      );
    else if (course.copies.length > 0 && course.policy === "hold")
      world.fail(`${seq} is sent again although its origin says hold`);
    if ((lastSeq.get(conversation) ?? 0) > seq)
      world.fail(`${seq} arrived after ${lastSeq.get(conversation)} of its conversation`);
    course.copies.push(attempt);
    lastSeq.set(conversation, seq);
  };

  const faultOf = (course: Course, calm: boolean): string | null => {
    const { seq, conversation, copies } = course;
    const records = [...tables.attempts.values()].filter(
      (one) => one.conversation === conversation && one.seq === seq,
    );
    const ends = records.map(({ outcome }) => outcome);
    const isSent = ends.includes("sent");
    const isDoubtful = records.some(({ declaredUnknownAt }) => declaredUnknownAt !== null);
    const isOver = ends.includes("rejected") || ends.includes("superseded");
    const isParked = tables.parkedDeliveries.has(seqKey(conversation, seq));
    const isOpen = openDeliveries(tables, conversation).some((row) => row.seq === seq);
    const arrived = copies.length > 0;
    const wrongs: readonly (readonly [boolean, string])[] = [
      [isOpen, "it is open"],
      [!(isSent || isDoubtful || isOver || isParked), "it is gone without an end"],
      [isSent && !arrived, "it never arrived"],
      [arrived && !isSent && !isDoubtful, "nobody knows that it arrived"],
      [calm && (ends.join() !== "sent" || copies.length !== 1 || isDoubtful), "all was calm"],
    ];
    const wrong = wrongs.find(([is]) => is);
    if (wrong === undefined) return null;
    return `${seq} is ${ends.join() || "not recorded"}, ${copies.length} copies arrived, and ${wrong[1]}`;
  };

  return {
    made: (delivery) => {
      courses.set(seqKey(delivery.conversation, delivery.seq), { ...delivery, copies: [] });
    },
    arrived,
    accepted,
    held: (origin, untilMs) => {
      const list = holds.get(origin) ?? [];
      holds.set(origin, list);
      list.push({ from: world.now(), until: world.now() + untilMs - tables.now() });
    },
    faultsAtRest: (calm) =>
      [...courses.values()].flatMap((course) => {
        const fault = faultOf(course, calm);
        return fault === null ? [] : [`${course.conversation}/${fault}`];
      }),
    acceptedCount: () => acceptedCount,
    arrivals: (origin) => arrivals.get(origin) ?? [],
  };
}
