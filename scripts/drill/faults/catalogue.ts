import { channelFaults } from "./channel-faults.ts";
import type { Fault, Ground } from "./fault.ts";
import { linkFaults } from "./link-faults.ts";
import { postgresFaults } from "./postgres-faults.ts";
import { processFaults } from "./process-faults.ts";
import { redisFaults } from "./redis-faults.ts";

/** A run without any fault: it shows that the drill itself does no harm. */
const calm: Fault = {
  name: "none",
  codes: "-",
  what: "nothing is disturbed",
  needs: {},
  inject: async ({ nemesis, durationMs }: Ground) => {
    nemesis.fired("none");
    await Bun.sleep(durationMs);
  },
};

export const catalogue: readonly Fault[] = [
  calm,
  ...processFaults,
  ...redisFaults,
  ...postgresFaults,
  ...linkFaults,
  ...channelFaults,
];

/** The fault of that name. */
export function faultNamed(name: string): Fault | undefined {
  return catalogue.find((fault) => fault.name === name);
}
