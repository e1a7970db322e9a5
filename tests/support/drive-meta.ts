import type { FakeMeta } from "../../src/channels/meta/fake/platform.ts";
import type { SimulationDriver } from "../../src/fake-platform/simulation/driver.ts";

/** Drives a fake Meta of this process. */
export function driveMeta(platform: FakeMeta): SimulationDriver {
  return {
    say: async ({ account, clientId }, line) => {
      const said = await platform.say({ ...line, account, clientId });
      return said.acknowledged;
    },
    listen: (hear) =>
      platform.log.listen((entry) => {
        if (entry.kind !== "send") return;
        const { account, client, externalId, text } = entry;
        hear({ account, clientId: client.value, externalId, text });
      }),
    stats: () => Promise.resolve(platform.stats()),
  };
}
