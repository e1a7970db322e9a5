import type { Reply, SimulationDriver } from "../../src/fake-platform/simulation/driver.ts";
import type { FakeChat2Desk } from "../../src/channels/chat2desk/fake/platform.ts";
import type { LogEntry } from "../../src/channels/chat2desk/fake/platform-log.ts";

/** Drives a platform of this process. */
export function driveInProcess(platform: FakeChat2Desk): SimulationDriver {
  return {
    say: async ({ account, clientId }, line) => {
      const said = await platform.say({ ...line, token: account, clientId });
      return said.acknowledged;
    },
    listen: (hear) =>
      platform.log.listen((entry) => {
        const reply = replyOf(entry);
        if (reply !== null) hear(reply);
      }),
    stats: () => Promise.resolve(platform.stats()),
  };
}

/** What a client sees of a log entry: messages sent to it, no comments and service lines. */
function replyOf(entry: LogEntry): Reply | null {
  if (entry.kind !== "send" || !["to_client", "autoreply"].includes(entry.type)) return null;
  const { account, externalId, text } = entry;
  return { account, clientId: entry.client.value, externalId, text };
}
