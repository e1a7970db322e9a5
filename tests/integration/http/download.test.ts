import { afterEach, describe, expect, test } from "bun:test";
import {
  createDownloader,
  type Download,
  type Downloader,
  DownloadBroken,
  type DownloadRequest,
  type OpenDownload,
} from "../../../src/platform/http/download.ts";
import { eventually } from "../../support/eventually.ts";
import {
  answering,
  dying,
  endless,
  type FileServer,
  type Served,
  serving,
  stalling,
  startFileServer,
} from "../../support/file-server.ts";

const limits = { headMsMax: 300, silenceMsMax: 300 };
const strict = createDownloader(limits);
/** To it the loopback's usual address is a public one. */
const lenient = createDownloader({ ...limits, allowAddresses: ["127.0.0.1"] });

const servers: FileServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

async function start(paths: Readonly<Record<string, Served>>): Promise<FileServer> {
  const server = await startFileServer(paths);
  servers.push(server);
  return server;
}

function openAt(
  downloader: Downloader,
  url: string,
  more: Partial<DownloadRequest> = {},
): Promise<Download> {
  const signal = new AbortController().signal;
  return downloader.open({ url, headers: {}, trusted: false, signal, ...more });
}

async function openedAt(
  downloader: Downloader,
  url: string,
  more: Partial<DownloadRequest> = {},
): Promise<OpenDownload> {
  const download = await openAt(downloader, url, more);
  if (download.type !== "open") throw new Error(`${download.type} ${download.detail}`);
  return download;
}

async function textOf(download: OpenDownload): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of download.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** The loopback and other addresses inside, in the ways in which they can be written. */
const inside = [
  "127.0.0.1",
  "localhost",
  "127.1",
  "2130706433",
  "0x7f000001",
  "0177.0.0.1",
  "①②⑦.⓪.⓪.①",
  "0.0.0.0",
  "0.1.2.3",
  "[::]",
  "[::1]",
  "[::ffff:127.0.0.1]",
  "[::ffff:7f00:1]",
  "[64:ff9b::7f00:1]",
  "[64:ff9b:1::7f00:1]",
  "[2002:7f00:1::]",
  "10.0.0.1",
  "172.16.0.1",
  "192.168.0.1",
  "100.64.0.1",
  "169.254.169.254",
  "168.63.129.16",
  "100.100.100.200",
  "192.0.0.192",
  "[fd00::1]",
  "[fd00:ec2::254]",
  "[fe80::1]",
  "192.0.2.1",
  "198.18.0.1",
  "224.0.0.1",
  "255.255.255.255",
] as const;

/** Those of them that are not the one that `lenient` takes for a public address. */
const insideToEverybody = inside.filter(
  (host) => host !== "localhost" && new URL(`http://${host}`).hostname !== "127.0.0.1",
);

describe("an address that a stranger has written", () => {
  test.each(inside)("is refused before anything connects to it when it is %s", async (host) => {
    const server = await start({ "/": serving("secret") });
    for (const scheme of ["http", "https"])
      expect(await openAt(strict, `${scheme}://${host}:${server.port}/`)).toEqual({
        type: "refused",
        detail: "address_forbidden",
      });
    expect(server.connections()).toBe(0);
    expect(server.seen).toEqual([]);
  });

  test.each([
    "file:///etc/passwd",
    "data:text/plain,hello",
    "ftp://files.example.test/a",
    "gopher://files.example.test/",
    "https://user:password@files.example.test/a",
    "not an address",
    "",
    "//files.example.test/a",
  ])("is refused when it is %p", async (url) => {
    expect(await openAt(strict, url)).toEqual({ type: "refused", detail: "bad_address" });
  });

  test.each(insideToEverybody)("does not redirect to %s", async (host) => {
    const server = await start({ "/inside": serving("secret") });
    const outside = await start({
      "/file": answering(302, { Location: `http://${host}:${server.port}/inside` }),
    });
    expect(await openAt(lenient, `${outside.url}/file`)).toEqual({
      type: "refused",
      detail: "address_forbidden",
    });
    expect(outside.seen).toHaveLength(1);
    expect(server.connections()).toBe(0);
  });

  test("is followed over redirects that stay outside, and not for ever", async () => {
    const server = await start({
      "/a": answering(302, { Location: "/b" }),
      "/b": answering(307, { Location: "c" }),
      "/c": serving("found"),
      "/round": answering(301, { Location: "/round" }),
    });
    expect(await textOf(await openedAt(lenient, `${server.url}/a`))).toBe("found");
    expect(await openAt(lenient, `${server.url}/round`)).toEqual({
      type: "refused",
      detail: "too_many_redirects",
    });
  });

  test("does not redirect to another scheme", async () => {
    const server = await start({ "/a": answering(302, { Location: "file:///etc/passwd" }) });
    expect(await openAt(lenient, `${server.url}/a`)).toEqual({
      type: "refused",
      detail: "bad_address",
    });
  });

  test("is asked without any proxy that the environment names", async () => {
    const proxy = await start({});
    const before = process.env["HTTP_PROXY"];
    process.env["HTTP_PROXY"] = proxy.url;
    try {
      expect(await openAt(strict, "http://127.0.0.1:9/")).toMatchObject({ type: "refused" });
    } finally {
      if (before === undefined) delete process.env["HTTP_PROXY"];
      else process.env["HTTP_PROXY"] = before;
    }
    expect(proxy.seen).toEqual([]);
  });
});

describe("an address that the installation has chosen", () => {
  test("may lie inside and gets its headers; what it redirects to elsewhere gets neither", async () => {
    const inner = await start({ "/secret": serving("secret") });
    const outer = await start({ "/elsewhere": serving("found") });
    const api = await start({
      "/file": serving("bytes"),
      "/inside": answering(302, { Location: `${inner.url}/secret` }),
      "/moved": answering(302, { Location: "/file" }),
      "/out": answering(302, { Location: `${outer.url}/elsewhere` }),
    });
    const given = { trusted: true, headers: { Authorization: "Bearer canary" } };
    expect(await textOf(await openedAt(strict, `${api.url}/file`, given))).toBe("bytes");
    expect(await textOf(await openedAt(strict, `${api.url}/moved`, given))).toBe("bytes");
    expect(api.seen.map(({ headers }) => headers["authorization"])).toEqual(
      Array(3).fill("Bearer canary"),
    );
    expect(await openAt(strict, `${api.url}/inside`, given)).toMatchObject({ type: "refused" });
    expect(inner.seen).toEqual([]);
    expect(await textOf(await openedAt(lenient, `${api.url}/out`, given))).toBe("found");
    expect(outer.seen[0]?.headers["authorization"]).toBeUndefined();
  });
});

describe("a body", () => {
  test.each([
    ["with a length", { "Content-Length": "1000" }],
    ["in chunks", { "Transfer-Encoding": "chunked" }],
  ])("%s that ends before its end is broken", async (_how, headers) => {
    const server = await start({ "/": dying("half", headers) });
    const download = await openedAt(lenient, server.url);
    await expect(textOf(download)).rejects.toEqual(new DownloadBroken("connection_lost"));
  });

  test("that goes silent is broken, and its connection is dropped", async () => {
    const server = await start({ "/": stalling("half") });
    const download = await openedAt(lenient, server.url);
    await expect(textOf(download)).rejects.toMatchObject({ detail: "silence" });
    await eventually("the connection is dropped", () => server.connections() === 0);
  });

  test("that nobody reads on is not fetched on", async () => {
    const server = await start({ "/": endless() });
    const download = await openedAt(lenient, server.url);
    let bytes = 0;
    for await (const chunk of download.body) {
      bytes += chunk.length;
      if (bytes > 1_000_000) break;
    }
    await eventually("the connection is dropped", () => server.connections() === 0);
  });

  test("ends with the signal", async () => {
    const server = await start({ "/": stalling("half") });
    const stop = new AbortController();
    const patient = createDownloader({ allowAddresses: ["127.0.0.1"] });
    const download = await openedAt(patient, server.url, { signal: stop.signal });
    const text = textOf(download);
    stop.abort();
    await expect(text).rejects.toMatchObject({ detail: "cancelled" });
    await eventually("the connection is dropped", () => server.connections() === 0);
  });

  test("is given as it comes, never unpacked", async () => {
    const packed = Bun.gzipSync(new Uint8Array(1_000_000));
    const server = await start({ "/": serving(packed, { "Content-Encoding": "gzip" }) });
    const download = await openedAt(lenient, server.url);
    expect(server.seen[0]?.headers["accept-encoding"]).toBe("identity");
    expect(download.headers["content-encoding"]).toBe("gzip");
    let bytes = 0;
    for await (const chunk of download.body) bytes += chunk.length;
    expect(bytes).toBe(packed.length);
  });
});

describe("nobody's answer", () => {
  test("is a failure with a short code and no address in it", async () => {
    const server = await start({ "/": () => undefined });
    expect(await openAt(lenient, `${server.url}/`)).toEqual({ type: "failed", detail: "timeout" });
    const { port } = server;
    await server.close();
    servers.length = 0;
    expect(await openAt(lenient, `http://127.0.0.1:${port}/`)).toEqual({
      type: "failed",
      detail: "connection_refused",
    });
    expect(await openAt(strict, "http://nobody.example.test/canary")).toEqual({
      type: "failed",
      detail: "name_not_found",
    });
  });
});
