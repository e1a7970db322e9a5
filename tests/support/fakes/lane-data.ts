import type { ConversationId, TenantId } from "../../../src/core/ids.ts";
import type { LaneName } from "../../../src/lane/lanes.ts";

/** What Redis keeps of the lanes. Plain data: a copy of it is an older Redis. */
export type LaneData = {
  readonly lanes: Map<ConversationId, LaneRow>;
  readonly mail: Map<ConversationId, Entry[]>;
  readonly states: Map<ConversationId, { readonly version: number; readonly state: string }>;
  /** Tenants in turn. */
  readonly ring: TenantId[];
  readonly ready: Map<TenantId, ConversationId[]>;
  readonly due: Map<ConversationId, number>;
};

type Entry = { readonly id: string; readonly event: string };

export type LaneRow = {
  tenant?: TenantId;
  standing?: "ready" | "running" | "waiting";
  token?: string;
  tries: number;
  care: number;
  single: number;
  more: number;
};

/** An empty Redis. */
export function emptyLaneData(): LaneData {
  return {
    lanes: new Map(),
    mail: new Map(),
    states: new Map(),
    ring: [],
    ready: new Map(),
    due: new Map(),
  };
}

/** Loses one key, as an eviction would; `choose` says which of so many. */
export function loseLaneKey(data: LaneData, choose: (below: number) => number): void {
  const losses: readonly (() => void)[] = [
    () => void data.ring.splice(0),
    ...[...data.ready.keys()].map((key) => () => void data.ready.delete(key)),
    () => data.due.clear(),
    ...[...data.mail.keys()].map((key) => () => void data.mail.delete(key)),
    ...[...data.states.keys()].map((key) => () => void data.states.delete(key)),
    ...[...data.lanes.keys()].map((key) => () => void data.lanes.delete(key)),
  ];
  losses[choose(losses.length)]?.();
}

/** When a ready lane is looked at again, ms. */
export const readyMs = 10_000;

/** The row of a lane, made when it is not there. */
export function rowOf(data: LaneData, conversation: ConversationId): LaneRow {
  const known = data.lanes.get(conversation);
  if (known !== undefined) return known;
  const made: LaneRow = { tries: 0, care: 0, single: 0, more: 0 };
  data.lanes.set(conversation, made);
  return made;
}

/** Puts a lane in line. */
export function makeReady(data: LaneData, now: number, { tenant, conversation }: LaneName): true {
  const row = rowOf(data, conversation);
  row.standing = "ready";
  row.tenant = tenant;
  delete row.token;
  data.due.set(conversation, now + readyMs);
  const line = data.ready.get(tenant) ?? [];
  data.ready.set(tenant, line);
  line.push(conversation);
  if (line.length === 1) data.ring.push(tenant);
  return true;
}
