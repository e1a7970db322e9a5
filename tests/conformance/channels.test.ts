import { afterAll, expect, test } from "bun:test";
import { channelConformance } from "./channel.ts";
import { capabilityNames, cellOf, writeTable } from "./channel-table.ts";
import { openChat2Desk } from "./channels/chat2desk.ts";
import { openInstagram } from "./channels/instagram.ts";
import { openMessenger } from "./channels/messenger.ts";
import { openTelegram } from "./channels/telegram.ts";
import { openWhatsApp } from "./channels/whatsapp.ts";

/** Every channel beside its fake platform; a new one is one line here. */
const channels = {
  chat2desk: openChat2Desk,
  telegram: openTelegram,
  whatsapp: openWhatsApp,
  messenger: openMessenger,
  instagram: openInstagram,
};

for (const [name, open] of Object.entries(channels)) channelConformance(name, open);

test("every capability of every channel was tested, or says why there is nothing to test", () => {
  const silent = Object.keys(channels).flatMap((channel) =>
    capabilityNames.filter((capability) => cellOf(channel, capability) === null),
  );
  expect(silent).toEqual([]);
});

afterAll(() => console.log(`\n${writeTable()}\n`));
