import { afterEach, beforeEach, expect, test } from "bun:test";
import type { ConversationId } from "../../../src/core/ids.ts";
import { createMediaLinks } from "../../../src/media/links.ts";
import { createOutgoingFiles } from "../../../src/media/outgoing.ts";
import { writeDelivery } from "../../../src/message/outgoing.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { bareAddress } from "../../support/bare-channel.ts";
import { eventually } from "../../support/eventually.ts";
import { type OutboxBench, openOutboxBench } from "../../support/outbox.ts";

const id = "0f0e0d0c-0b0a-0908-0706-050403020100";
const links = createMediaLinks([Buffer.alloc(32, 1)]);

let bench: OutboxBench;
beforeEach(async () => {
  bench = await openOutboxBench();
  await bench.warm();
});
afterEach(() => bench.close());

/** Queues a picture that we keep, and lets a sender of an installation send it that the world reaches at this address. */
async function sendFile(publicUrl: string | null): Promise<ConversationId> {
  const origin = await bench.addOrigin();
  const conversation = await bench.put(origin, "17");
  const content = { type: "image", url: `media:${id}`, name: null, caption: "the door" } as const;
  await bench.database.rows("UPDATE outbox SET body = $1", [
    writeDelivery({ address: bareAddress("17"), content }),
  ]);
  const { addressOf } = createOutgoingFiles({ links, publicUrl, clock: systemClock });
  await (await bench.newSender({ fileAddress: addressOf })).start();
  await bench.announce(origin, [conversation]);
  await eventually(
    "an empty outbox",
    async () => (await bench.database.count("SELECT count(*) FROM outbox")) === 0,
  );
  return conversation;
}

test("a file of ours goes out under a signed address of its tenant that was made when it was sent", async () => {
  await sendFile("https://desk.example.com");
  const [call] = bench.channel.calls;
  const content = call?.message.content;
  const url = new URL(content !== undefined && "url" in content ? content.url : "");
  expect(url.origin).toBe("https://desk.example.com");
  const name = url.pathname.replace("/media/", "");
  const verified = links.verify(name, url.searchParams, systemClock.now());
  const tenant = bench.origins.all()[0]?.tenant;
  expect(verified).toMatchObject({ ok: true, file: { tenant, id } });
});

test("a file of ours is parked without a call while nobody says how the world reaches us", async () => {
  const conversation = await sendFile(null);
  expect(bench.channel.calls).toEqual([]);
  const attempts = await bench.database.rows(
    "SELECT outcome, detail FROM attempts WHERE conv = $1",
    [conversation],
  );
  expect(attempts).toEqual([{ outcome: "rejected", detail: "content: file_without_address" }]);
});
