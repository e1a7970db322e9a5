import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tenantId } from "../../../src/core/ids.ts";
import { createMediaLinks } from "../../../src/media/links.ts";
import { eventually } from "../../support/eventually.ts";
import { type FileServer, serving, startFileServer } from "../../support/file-server.ts";
import { openStage, type Stage } from "../../support/hookdesk.ts";
import { openProcessStage } from "../../support/process-stage.ts";
import { openTestBucket } from "../../support/s3.ts";

const picture = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");
const page = "<html><script>alert(1)</script>";
const secretKey = "ab".repeat(32);
const links = createMediaLinks([Buffer.from(secretKey, "hex")]);
const day = 86_400_000;

const folder = mkdtempSync(join(tmpdir(), "hookdesk-media-"));
const onDisk = { MEDIA_DIR: join(folder, "files") };
let files: FileServer;
let asked: number;

beforeAll(async () => {
  asked = 0;
  files = await startFileServer({
    "/door.jpg": serving(picture, { "Content-Type": "image/jpeg" }),
    "/page.png": serving(page, { "Content-Type": "image/png" }),
    "/slow-once.png": (request, response) => {
      asked += 1;
      if (asked === 1) response.writeHead(200, { "Content-Length": "1000" }).write(picture);
      else serving(picture)(request, response);
    },
  });
});
afterAll(async () => {
  await files.close();
  rmSync(folder, { recursive: true, force: true });
});

function environment(storage: Readonly<Record<string, string>>): Record<string, string> {
  return {
    MEDIA_ALLOW_ADDRESSES: "127.0.0.1",
    HOOKDESK_SECRET_KEY: secretKey,
    ...storage,
  };
}

type Row = { readonly media_id: string; readonly tenant_id: number };
type Rows = Pick<Stage["database"], "rows">;

function stored(database: Rows, path: string): Promise<Row> {
  return eventually(`${path} is stored`, async () => {
    const rows = await database.rows<Row>(
      "SELECT media_id, tenant_id FROM media WHERE file = $1 AND status = 'stored'",
      [`${files.url}${path}`],
    );
    return rows[0];
  });
}

function addressOf(stage: Pick<Stage, "hookdesk">, row: Row, expiresAt = Date.now() + day): string {
  const file = { tenant: tenantId(row.tenant_id), id: row.media_id };
  return `${stage.hookdesk.url}${links.pathOf(file, expiresAt)}`;
}

async function codeOf(address: string, method = "GET"): Promise<readonly unknown[]> {
  const response = await fetch(address, { method });
  const body: { error?: { code?: string } } = JSON.parse(await response.text());
  return [response.status, body.error?.code];
}

describe("a customer's files, through the whole of Hookdesk", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage({ environment: environment(onDisk) });
    await stage.platform.say({ clientId: 1, photo: `${files.url}/door.jpg`, text: "the door" });
    await stage.platform.say({ clientId: 2, photo: `${files.url}/page.png` });
  });
  afterAll(() => stage.close());

  test("are stored and served as what they are, to whoever has an address that is good", async () => {
    const response = await fetch(addressOf(stage, await stored(stage.database, "/door.jpg")));
    expect(response.status).toBe(200);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(picture);
    const headers = Object.fromEntries(response.headers);
    expect(headers).toMatchObject({
      "content-type": "image/png",
      "content-length": String(picture.length),
      "content-disposition": "inline; filename=\"image.png\"; filename*=UTF-8''image.png",
      "x-content-type-options": "nosniff",
      "content-security-policy": "default-src 'none'; sandbox",
    });
    expect(headers["cache-control"]).toMatch(/^private, max-age=\d+, immutable$/);
  });

  test("that hold a page are saved by a browser and never shown, whatever they were called", async () => {
    const response = await fetch(addressOf(stage, await stored(stage.database, "/page.png")));
    expect(response.headers.get("content-type")).toBe("application/octet-stream");
    expect(response.headers.get("content-disposition")).toStartWith("attachment;");
    expect(await response.text()).toBe(page);
  });

  test("are told of without their bytes when only the head is asked for", async () => {
    const address = addressOf(stage, await stored(stage.database, "/door.jpg"));
    const response = await fetch(address, { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("image/png");
    expect(await response.text()).toBe("");
    expect(await codeOf(address, "POST")).toEqual([405, "method_not_allowed"]);
  });

  test("are refused under an address that expired, was changed, or belongs to another tenant", async () => {
    const row = await stored(stage.database, "/door.jpg");
    const address = addressOf(stage, row);
    expect(await codeOf(addressOf(stage, row, Date.now() - 1_000))).toEqual([410, "expired"]);
    expect(
      await codeOf(address.replace(/(?<=signature=)./, (one) => (one === "A" ? "B" : "A"))),
    ).toEqual([403, "signature_wrong"]);
    expect(await codeOf(address.split("?")[0] ?? "")).toEqual([403, "signature_wrong"]);
    const other = { ...row, tenant_id: row.tenant_id + 1 };
    expect(await codeOf(addressOf(stage, other))).toEqual([404, "not_found"]);
    const stolen = address.replace(`/${row.tenant_id}-`, `/${other.tenant_id}-`);
    expect(await codeOf(stolen)).toEqual([403, "signature_wrong"]);
  });

  test("that were lost from the storage are absent, and one that is not there yet says so", async () => {
    const [row] = await stage.database.rows<Row>(
      `INSERT INTO media (tenant_id, media_id, conv, seq, part, origin_id, file, kind, next_at)
       SELECT tenant_id, gen_random_uuid(), conv, seq, 9, origin_id, file, kind, now() + interval '1 day' FROM media LIMIT 1
       RETURNING tenant_id, media_id`,
    );
    if (row === undefined) throw new Error("no row was made");
    expect(await codeOf(addressOf(stage, row))).toEqual([404, "not_stored_yet"]);
    await stage.database.rows(
      "UPDATE media SET status = 'stored', storage_key = 'nowhere' WHERE media_id = $1",
      [row.media_id],
    );
    expect(await codeOf(addressOf(stage, row))).toEqual([404, "not_found"]);
  });
});

test("files are kept in a bucket when the installation names one", async () => {
  const bucket = await openTestBucket();
  const { options } = bucket;
  const stage = await openStage({
    environment: environment({
      MEDIA_S3_BUCKET: options.bucket,
      MEDIA_S3_ENDPOINT: options.endpoint,
      MEDIA_S3_ACCESS_KEY_ID: options.accessKeyId,
      MEDIA_S3_SECRET_ACCESS_KEY: options.secretAccessKey,
    }),
  });
  await stage.platform.say({ clientId: 1, photo: `${files.url}/door.jpg` });
  const response = await fetch(addressOf(stage, await stored(stage.database, "/door.jpg")));
  expect(Buffer.from(await response.arrayBuffer())).toEqual(picture);
  await bucket.close();
  const row = await stored(stage.database, "/door.jpg");
  expect(await codeOf(addressOf(stage, row))).toEqual([503, "not_readable"]);
  await stage.close();
});

test("a killed worker's download is done by another within ten seconds of its death", async () => {
  const stage = await openProcessStage();
  const more = environment(onDisk);
  stage.start("web", more);
  const first = stage.start("worker", more);
  await stage.platform.say({ clientId: 1, photo: `${files.url}/slow-once.png` });
  await eventually("the download has begun", () => asked === 1);
  stage.start("worker", more);
  first.signal("SIGKILL");
  await first.exited;
  const died = performance.now();
  await stored(stage.database, "/slow-once.png");
  expect(performance.now() - died).toBeLessThan(10_000);
  await stage.close();
});
