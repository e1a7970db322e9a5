import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createMediaStore } from "../../../src/media/store.ts";
import { eventually } from "../../support/eventually.ts";
import { createFakeStorage } from "../../support/fakes/storage.ts";
import {
  answering,
  dying,
  endless,
  type FileServer,
  serving,
  stalling,
  startFileServer,
} from "../../support/file-server.ts";
import { addTenant } from "../../support/tenants.ts";
import { clientMessage } from "../../support/workbench.ts";
import { filePart, type MediaScene, openMediaScene } from "./scene.ts";

const picture = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");
const page = "<html><script>alert(1)</script>";

let scene: MediaScene;
let server: FileServer;
let served: number;

beforeEach(async () => {
  scene = await openMediaScene();
  served = 0;
  server = await startFileServer({
    "/picture": serving(picture),
    "/lying": serving(page, { "Content-Type": "image/png" }),
    "/large": serving(new Uint8Array(1_000_001)),
    "/endless": endless(),
    "/packed": serving(Bun.gzipSync(page), { "Content-Encoding": "gzip" }),
    "/gone": answering(410),
    "/inside": answering(302, { Location: "http://169.254.169.254/latest/meta-data" }),
    "/silent": () => undefined,
    "/stalling": stalling(picture),
    "/dying": dying(picture, { "Content-Length": "1000" }),
    "/busy": answering(503, { "Retry-After": "120" }),
    "/later": (request, response) => {
      served += 1;
      if (served < 3) response.writeHead(500).end();
      else serving(picture)(request, response);
    },
  });
});
afterEach(async () => {
  await scene.close();
  await server.close();
});

function at(path: string): string {
  return `${server.url}${path}`;
}

async function startDownloads(changes: Parameters<MediaScene["newDownloads"]>[0] = {}) {
  const downloads = scene.newDownloads(changes);
  await downloads.start();
  return downloads;
}

describe("a message's file", () => {
  test("is a job from the same moment as the message, one for each file, however often the message comes", async () => {
    const key = crypto.randomUUID();
    const content = { text: "two", parts: [filePart(at("/picture")), filePart(at("/lying"))] };
    const event = { ...clientMessage(key, ""), content };
    for (let copy = 0; copy < 2; copy += 1)
      await scene.bench.post(await scene.bench.storeWebhook([{ key, client: "1", event }]));
    await scene.bench.worker.drain();
    const rows = await scene.rows();
    expect(rows.map(({ file, part, status }) => [file, part, status])).toEqual([
      [at("/picture"), 0, "pending"],
      [at("/lying"), 1, "pending"],
    ]);
    const joined = await scene.bench.database.count(
      "SELECT count(*) FROM media JOIN messages USING (tenant_id, conv, seq) WHERE messages.message_id = $1",
      [key],
    );
    expect(joined).toBe(2);
  });

  test("that an edit brings is a job of the edited message; one that stays is none again", async () => {
    await scene.sayWith("1", [at("/picture")]);
    const [known] = await scene.bench.database.rows<{ message_id: string }>(
      "SELECT message_id FROM messages WHERE author = 'client'",
    );
    const messageId = known?.message_id ?? "";
    for (const [key, file] of [
      ["e1", at("/picture")],
      ["e2", at("/lying")],
    ] as const) {
      const event = {
        type: "message_edited",
        messageId,
        author: "client",
        content: { text: "other words", parts: [filePart(file)] },
        platformAt: null,
      } as const;
      await scene.bench.post(await scene.bench.storeWebhook([{ key, client: "1", event }]));
      await scene.bench.worker.drain();
    }
    const seqs = await scene.bench.database.rows(
      "SELECT file FROM media JOIN messages USING (tenant_id, conv, seq) WHERE message_id = $1 ORDER BY media.created_at",
      [messageId],
    );
    expect(seqs).toEqual([{ file: at("/picture") }, { file: at("/lying") }]);
  });

  test("is stored with what its bytes say, under a name that nobody outside can choose", async () => {
    await scene.sayWith("1", [at("/picture")]);
    await startDownloads();
    const row = await scene.ended(at("/picture"));
    expect(row).toMatchObject({
      status: "stored",
      reason: null,
      attempts: 1,
      content_type: "image/png",
      bytes: String(picture.length),
      sha256: new Bun.CryptoHasher("sha256").update(picture).digest("hex"),
      storage_key: `${row.tenant_id}/${row.media_id.slice(0, 2)}/${row.media_id}-1`,
    });
    expect(scene.storage.keys()).toEqual([row.storage_key ?? ""]);
  });

  test("that lies about its type is stored as what it is", async () => {
    await scene.sayWith("1", [at("/lying")]);
    await startDownloads();
    expect(await scene.ended(at("/lying"))).toMatchObject({
      status: "stored",
      content_type: "application/octet-stream",
    });
  });

  test.each([
    ["/large", "refused", "too_large"],
    ["/endless", "refused", "too_large"],
    ["/packed", "refused", "content_encoding"],
    ["/inside", "refused", "address_forbidden"],
    ["/gone", "gone", "status_410"],
  ])("at %s is %s, because of %s, and leaves nothing", async (path, status, reason) => {
    await scene.sayWith("1", [at(path)]);
    await startDownloads();
    expect(await scene.ended(at(path))).toMatchObject({ status, reason, attempts: 1 });
    expect(scene.storage.keys()).toEqual([]);
    await eventually("the connection is dropped", () => server.connections() === 0);
  });

  test.each([
    ["/silent", "timeout"],
    ["/stalling", "silence"],
    ["/dying", "connection_lost"],
    ["/busy", "status_503"],
    ["/nothing", "status_404"],
  ])(
    "at %s is tried again after %s, delays no other, and its message is there",
    async (path, reason) => {
      await scene.sayWith("1", [at(path)]);
      await scene.sayWith("2", [at("/picture")]);
      await startDownloads();
      await scene.ended(at("/picture"));
      const tried = await eventually("the first try has failed", async () =>
        (await scene.rows()).find((row) => row.file === at(path) && row.reason !== null),
      );
      expect(tried).toMatchObject({ status: "pending", reason, attempts: 1 });
      expect(scene.storage.keys()).toHaveLength(1);
      expect(
        await scene.bench.database.count("SELECT count(*) FROM messages WHERE author = 'client'"),
      ).toBe(2);
    },
  );

  test("that fails at first is had at last", async () => {
    await scene.sayWith("1", [at("/later")]);
    await startDownloads();
    for (let attempt = 1; attempt < 3; attempt += 1) {
      await eventually("another try has failed", async () =>
        (await scene.rows()).some((row) => row.attempts === attempt && row.reason !== null),
      );
      await scene.passTime();
    }
    expect(await scene.ended(at("/later"))).toMatchObject({ status: "stored", attempts: 3 });
  });

  test("that cannot be had until its deadline is given up with the last reason", async () => {
    await scene.sayWith("1", [at("/dying")]);
    await startDownloads({ deadlineMs: 1 });
    expect(await scene.ended(at("/dying"))).toMatchObject({
      status: "failed",
      reason: "connection_lost",
    });
  });

  test("of which the platform knows no more is gone, without a call", async () => {
    await scene.sayWith("1", [at("/picture")]);
    await startDownloads({ locate: async () => ({ type: "gone", detail: "expired" }) });
    expect(await scene.ended(at("/picture"))).toMatchObject({ status: "gone", reason: "expired" });
    expect(server.seen).toEqual([]);
  });

  test("is tried again when the channel throws, and when the storage does", async () => {
    await scene.sayWith("1", [at("/picture")]);
    await scene.sayWith("2", [at("/lying")]);
    const broken = { ...createFakeStorage(), put: () => Promise.reject(new Error("no space")) };
    await startDownloads({
      storage: broken,
      locate: async (url) => {
        if (url === at("/lying")) throw new Error("a fault of an adapter");
        return { type: "found", url, headers: {}, trusted: false };
      },
    });
    await eventually("both have failed", async () => {
      const reasons = (await scene.rows()).map(({ reason }) => reason);
      return Bun.deepEquals(reasons, ["not_stored", "not_located"]);
    });
  });
});

describe("a worker", () => {
  test("that dies loses its file to another, whose bytes are the only ones that stay", async () => {
    await scene.sayWith("1", [at("/picture")]);
    const store = createMediaStore(scene.bench.pipeline);
    const [dead] = await store.take(1, 60_000);
    if (dead === undefined) throw new Error("nothing was due");
    expect(await store.take(1, 60_000)).toEqual([]);
    const left = `${dead.tenant}/${dead.id.slice(0, 2)}/${dead.id}-1`;
    await scene.storage.put(left, new Blob(["half"]).stream());
    await scene.passTime();
    await startDownloads();
    expect(await scene.ended(at("/picture"))).toMatchObject({ status: "stored", attempts: 2 });
    const kept = left.replace(/1$/, "2");
    await eventually("what the dead one left is removed", () =>
      Bun.deepEquals(scene.storage.keys(), [kept]),
    );
    // And if it was not dead but slow, its word counts for nothing.
    const facts = { bytes: 4, sha256: "", contentType: "text/plain" };
    const outcome = { type: "stored", key: left, file: facts } as const;
    const next = { status: "stored", waitMs: 0, reason: null } as const;
    expect(await store.end(dead, outcome, next)).toBe(false);
    expect((await scene.rows())[0]).toMatchObject({ storage_key: kept });
  });

  test("that told of an end and heard no answer may tell it again", async () => {
    await scene.sayWith("1", [at("/picture")]);
    const store = createMediaStore(scene.bench.pipeline);
    const [job] = await store.take(1, 60_000);
    if (job === undefined) throw new Error("nothing was due");
    const facts = { bytes: 4, sha256: "", contentType: "text/plain" };
    const outcome = { type: "stored", key: "ours", file: facts } as const;
    const next = { status: "stored", waitMs: 0, reason: null } as const;
    expect(await store.end(job, outcome, next)).toBe(true);
    expect(await store.end(job, outcome, next)).toBe(true);
  });

  test("that is stopped gives its file back at once", async () => {
    await scene.sayWith("1", [at("/stalling")]);
    const downloads = await startDownloads();
    await eventually("the download has begun", () => server.seen.length > 0);
    await downloads.stop();
    expect((await scene.rows())[0]).toMatchObject({ status: "pending", reason: "interrupted" });
    expect(await createMediaStore(scene.bench.pipeline).take(1, 1_000)).toHaveLength(1);
    await eventually("the connection is dropped", () => server.connections() === 0);
  });

  test("whose file kills it again and again is given up with it", async () => {
    await scene.sayWith("1", [at("/picture")]);
    const store = createMediaStore(scene.bench.pipeline);
    for (let death = 0; death <= 5; death += 1) {
      expect(await store.take(1, 60_000)).toHaveLength(1);
      await scene.passTime();
    }
    expect(await store.take(1, 60_000)).toEqual([]);
    expect((await scene.rows())[0]).toMatchObject({ status: "failed", reason: "workers_died" });
  });

  test("takes files of tenants in turn, however many one of them has and however long they wait", async () => {
    for (const client of ["1", "2", "3"]) await scene.sayWith(client, [at("/picture")]);
    const other = await addTenant(scene.bench.database, "other");
    await scene.bench.database.rows(
      `INSERT INTO media (tenant_id, media_id, conv, seq, part, origin_id, file, kind)
       VALUES ($1, gen_random_uuid(), gen_random_uuid(), 1, 0, 1, 'x', 'image')`,
      [other],
    );
    const taken = await createMediaStore(scene.bench.pipeline).take(2, 60_000);
    expect(taken.map(({ tenant }) => Number(tenant)).toSorted()).toEqual([
      scene.bench.origin.tenant,
      other,
    ]);
  });

  test("takes one file of a conversation at a time, in the order in which they came", async () => {
    await scene.sayWith("1", [at("/a"), at("/b"), at("/c")]);
    await scene.sayWith("2", [at("/d")]);
    const store = createMediaStore(scene.bench.pipeline);
    const taken = await store.take(10, 60_000);
    expect(taken.map(({ file }) => file).toSorted()).toEqual([at("/a"), at("/d")]);
    expect(await store.take(10, 60_000)).toEqual([]);
    await store.renew(taken, 60_000);
    for (const job of taken)
      await store.end(
        job,
        { type: "gone", detail: "x" },
        { status: "gone", waitMs: 0, reason: "x" },
      );
    expect((await store.take(10, 60_000)).map(({ file }) => file)).toEqual([at("/b")]);
  });
});

test("downloads are counted by their end", async () => {
  await scene.sayWith("1", [at("/picture")]);
  await scene.sayWith("2", [at("/gone")]);
  await startDownloads();
  await scene.ended(at("/picture"));
  await scene.ended(at("/gone"));
  await eventually("both are counted", async () => {
    const { values } = await scene.bench.metrics.mediaDownloads.get();
    const counts = Object.fromEntries(values.map(({ labels, value }) => [labels.end, value]));
    return Bun.deepEquals(counts, { stored: 1, gone: 1 });
  });
});
