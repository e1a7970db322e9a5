import type { MessageContent } from "./hook-payload.ts";
import type { AccountStats, FakeChat2Desk } from "./platform.ts";
import type { LogEntry } from "./platform-log.ts";

/** A simulated client: ids are only unique within an account. */
export type Person = { readonly account: string; readonly clientId: string };

/** A message that a client received. */
export type Reply = Person & { readonly externalId: string | null; readonly text: string };

/** How simulated clients reach the fake platform: in the process or over its control. */
export type SimulationDriver = {
  /** Resolves with whether the webhook was acknowledged. */
  readonly say: (person: Person, content: MessageContent) => Promise<boolean>;
  /** Calls back for everything that clients receive from now on; returns the way to stop. */
  readonly listen: (hear: (reply: Reply) => void) => () => void;
  readonly stats: () => Promise<readonly AccountStats[]>;
};

/** Drives a platform of this process. */
export function driveInProcess(platform: FakeChat2Desk): SimulationDriver {
  return {
    say: async ({ account, clientId }, content) => {
      const said = await platform.say({ ...content, token: account, clientId });
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
