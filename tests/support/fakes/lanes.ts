import type { ConversationId } from "../../../src/core/ids.ts";
import {
  type ClaimedLane,
  type Lanes,
  type LaneName,
  leaseMs,
  type Mail,
  type Release,
} from "../../../src/lane/lanes.ts";
import { type LaneData, type LaneRow, makeReady, readyMs, rowOf } from "./lane-data.ts";

/** Safeguards that a mutant leaves out. */
export type LaneMutants = {
  /** Drops from the mailbox only what this says was applied by the holder, instead of all that was read. */
  readonly trimOnly?: (conversation: ConversationId, id: string) => boolean;
  /** Does not remember that a lane's holders died. */
  readonly forgetTries?: boolean;
  /** Does not remember that a lane is to be handled with care. */
  readonly forgetCaution?: boolean;
};

export type FakeLanesOptions = {
  /** Asked at every call, because Redis may have been replaced by an empty or older one. */
  readonly data: () => LaneData;
  /** Redis's clock, ms. */
  readonly now: () => number;
  readonly mutants?: LaneMutants;
};

const lanesPerClaimMax = 64;
const eventsPerLaneMax = 64;
const lanesPerTurn = 8;
const mailboxEntriesMax = 200;
const mailBytesMax = 8_192;
const reapedPerCallMax = 100;

/** The lanes in memory. Every call is done at once and whole, as a script is. */
export function createFakeLanes(options: FakeLanesOptions): Lanes {
  const { data, now, mutants = {} } = options;
  return {
    post: async (mail) => mail.filter((one) => post(data(), now(), one)).length,
    wake: async (lanes) => {
      const mended = lanes.filter(({ tenant, conversation }) => {
        const row = data().lanes.get(conversation);
        if (row?.standing === undefined) return makeReady(data(), now(), { tenant, conversation });
        if (!data().due.has(conversation)) data().due.set(conversation, now() + readyMs);
        return false;
      });
      return mended.length;
    },
    claim: async (token) => claim(data(), now(), token).map((lane) => forgetting(lane, mutants)),
    release: async (releases) =>
      releases.filter((one) => release(data(), now(), { ...one, mutants })).length,
    renew: async (lanes) => {
      for (const { conversation, token } of lanes)
        if (data().lanes.get(conversation)?.token === token)
          data().due.set(conversation, now() + leaseMs);
    },
    reap: async () => reap(data(), now()),
  };
}

function post(data: LaneData, now: number, { tenant, conversation, id, event }: Mail): boolean {
  const box = data.mail.get(conversation) ?? [];
  if (box.length >= mailboxEntriesMax) rowOf(data, conversation).more += 1;
  else box.push({ id, event: Buffer.byteLength(event) > mailBytesMax ? "" : event });
  data.mail.set(conversation, box);
  if (data.lanes.get(conversation)?.standing !== undefined) return false;
  return makeReady(data, now, { tenant, conversation });
}

function claim(data: LaneData, now: number, token: string): readonly ClaimedLane[] {
  const claimed: ClaimedLane[] = [];
  while (claimed.length < lanesPerClaimMax) {
    const tenant = data.ring.shift();
    if (tenant === undefined) break;
    const line = data.ready.get(tenant) ?? [];
    const taken = line.splice(0, Math.min(lanesPerTurn, lanesPerClaimMax - claimed.length));
    if (line.length > 0) data.ring.push(tenant);
    for (const conversation of taken) {
      const row = data.lanes.get(conversation);
      if (row?.standing !== "ready") continue;
      const own = `${token}${claimed.length}`;
      claimed.push(hold(data, now, { row, tenant, conversation, token: own }));
    }
  }
  return claimed;
}

function hold(
  data: LaneData,
  now: number,
  lane: LaneName & { readonly row: LaneRow; readonly token: string },
): ClaimedLane {
  const { row, tenant, conversation, token } = lane;
  row.standing = "running";
  row.token = token;
  row.tries += 1;
  data.due.set(conversation, now + leaseMs);
  return {
    tenant,
    conversation,
    token,
    tries: row.tries - 1,
    caution: { care: row.care, single: row.single },
    more: row.more,
    cached: data.states.get(conversation) ?? null,
    entries: (data.mail.get(conversation) ?? []).slice(0, eventsPerLaneMax),
  };
}

function forgetting(lane: ClaimedLane, mutants: LaneMutants): ClaimedLane {
  return {
    ...lane,
    tries: mutants.forgetTries === true ? 0 : lane.tries,
    caution: mutants.forgetCaution === true ? { care: 0, single: 0 } : lane.caution,
  };
}

/** Whether the lane became ready. What another holder did meanwhile is not touched. */
function release(
  data: LaneData,
  now: number,
  given: Release & { readonly mutants: LaneMutants },
): boolean {
  const { lane, next } = given;
  const { conversation, tenant } = lane;
  const row = data.lanes.get(conversation);
  if (row === undefined || row.token !== lane.token) return false;
  if (next !== "keep") trim(data, lane, given.mutants);
  cache(data, conversation, given.cache);
  row.tries = next === "keep" ? row.tries - 1 : 0;
  row.care = given.caution.care;
  row.single = given.caution.single;
  if (next === "done" && row.more === lane.more) row.more = 0;
  delete row.token;
  if (typeof next !== "string") {
    row.standing = "waiting";
    data.due.set(conversation, now + Math.max(1, Math.ceil(next.waitMs)));
    return false;
  }
  const left = (data.mail.get(conversation)?.length ?? 0) > 0 || row.more > 0;
  if (next !== "done" || left) return makeReady(data, now, { tenant, conversation });
  data.lanes.delete(conversation);
  data.due.delete(conversation);
  return false;
}

function trim(data: LaneData, lane: ClaimedLane, { trimOnly }: LaneMutants): void {
  const box = data.mail.get(lane.conversation) ?? [];
  const rest = box.slice(lane.entries.length);
  const kept =
    trimOnly === undefined
      ? []
      : box.slice(0, lane.entries.length).filter(({ id }) => !trimOnly(lane.conversation, id));
  data.mail.set(lane.conversation, [...kept, ...rest]);
}

function cache(data: LaneData, conversation: ConversationId, given: Release["cache"]): void {
  if (given === null) return;
  if (given === "forget") {
    data.states.delete(conversation);
    return;
  }
  const known = data.states.get(conversation);
  if (known === undefined || known.version < given.version) data.states.set(conversation, given);
}

function reap(data: LaneData, now: number): number {
  const overdue = [...data.due]
    .filter(([, at]) => at <= now)
    .toSorted(([a, one], [b, other]) => one - other || (a < b ? -1 : 1))
    .slice(0, reapedPerCallMax);
  const lineMax = 2 * data.due.size;
  let ready = 0;
  for (const [conversation] of overdue) {
    const { tenant, standing } = data.lanes.get(conversation) ?? {};
    if (tenant === undefined) {
      data.due.delete(conversation);
      continue;
    }
    const line = data.ready.get(tenant) ?? [];
    if (standing === "ready" && line.length >= lineMax) data.due.set(conversation, now + readyMs);
    else makeReady(data, now, { tenant, conversation });
    ready += 1;
    if (!data.ring.includes(tenant)) data.ring.push(tenant);
  }
  return ready;
}
