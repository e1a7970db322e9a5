import { emptyLaneData } from "../support/fakes/lane-data.ts";
import { createFakeLanes } from "../support/fakes/lanes.ts";
import type { LanesHarness } from "./lanes.ts";

/** Lanes in memory, with a clock that only `hasten` needs. */
export async function openFakeLanes(): Promise<LanesHarness> {
  const data = emptyLaneData();
  let now = 1_000_000;
  return {
    lanes: createFakeLanes({ data: () => data, now: () => (now += 1) }),
    hasten: async (conversation) => {
      if (data.due.has(conversation)) data.due.set(conversation, 0);
    },
    close: async () => undefined,
  };
}
