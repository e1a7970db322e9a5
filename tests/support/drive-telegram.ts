import type { LogEntry } from "../../src/channels/telegram/fake/log.ts";
import type { FakeTelegram } from "../../src/channels/telegram/fake/platform.ts";
import type { Line, Reply, SimulationDriver } from "../../src/fake-platform/simulation/driver.ts";

const photo = Buffer.from("a photo of a door").toString("base64");

/** Drives a platform of this process; every client writes to the bot that its account names. */
export function driveTelegram(platform: FakeTelegram): SimulationDriver {
  return {
    say: async ({ account, clientId }, line) => {
      const said = await platform.control({
        do: "say",
        bot: account,
        chatId: Number(clientId),
        from: Math.abs(Number(clientId)),
        ...wordsOf(line),
      });
      return said?.acknowledged === true;
    },
    listen: (hear) =>
      platform.log.listen((entry) => {
        const reply = replyOf(entry);
        if (reply !== null) hear(reply);
      }),
    stats: () => Promise.resolve(platform.stats()),
  };
}

function wordsOf({ text = "", photo: link }: Line) {
  return link === undefined ? { text } : { text, file: { field: "photo", base64: photo } };
}

function replyOf(entry: LogEntry): Reply | null {
  if (entry.kind !== "send") return null;
  const { account, chatId, text } = entry;
  return { account, clientId: String(chatId), externalId: null, text };
}
