import axios from "axios";
import type { IncomingMessage } from "node:http";
import { within } from "../../core/deadline.ts";
import { downloadFailure } from "./download-failure.ts";
import { type Agents, guardedAgents, isForbiddenAddress, openAgents } from "./guard.ts";

/**
 * Fetches files from addresses that strangers have chosen: streamed, never to an address inside, each redirect judged like the first
 * address. It goes over axios' node adapter, the only one on Bun that asks the guard.
 */
export type Downloader = { readonly open: (request: DownloadRequest) => Promise<Download> };

export type DownloadRequest = {
  readonly url: string;
  /** For the first address; a redirect to another host does not get them. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether the first address may lie anywhere, because the installation has chosen it. */
  readonly trusted: boolean;
  /** Ends the call and the body. */
  readonly signal: AbortSignal;
};

/** `refused`: no try will ever be made there. `failed`: nothing came, for now. `detail` is a short code. */
export type Download =
  | OpenDownload
  | { readonly type: "refused"; readonly detail: RefusedAddress }
  | { readonly type: "failed"; readonly detail: string };

export type OpenDownload = {
  readonly type: "open";
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Throws `DownloadBroken` when it ends before its end, or when nothing comes for too long. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Drops the connection; must be called when the body is not read to its end. */
  readonly close: () => void;
};

export type RefusedAddress = "bad_address" | "address_forbidden" | "too_many_redirects";

/** A body that did not arrive as a whole; `detail` is a short code. */
export class DownloadBroken extends Error {
  readonly detail: string;
  constructor(detail: string) {
    super(`the download broke off: ${detail}`);
    this.detail = detail;
  }
}

export type DownloaderOptions = {
  /** Addresses inside, one by one, that are admitted all the same. */
  readonly allowAddresses?: readonly string[];
  /** Longest wait for the answer's head, ms. */
  readonly headMsMax?: number;
  /** Longest silence within the body, ms. */
  readonly silenceMsMax?: number;
};

const headMsMaxDefault = 15_000;
const silenceMsMaxDefault = 15_000;
const redirectsMax = 4;
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

type Hop = Pick<DownloadRequest, "headers" | "trusted" | "signal"> & { readonly url: URL };

/** Makes a downloader. Proxies of the environment are not used: the guard would look at the proxy's address. */
export function createDownloader(options: DownloaderOptions = {}): Downloader {
  const { headMsMax = headMsMaxDefault, silenceMsMax = silenceMsMaxDefault } = options;
  const guarded = guardedAgents(options.allowAddresses ?? []);
  const open = openAgents();
  const ask = ({ url, headers, trusted, signal }: Hop): Promise<Answer | Download> =>
    request({ url, headers, signal, agents: trusted ? open : guarded, headMsMax });

  return {
    open: async ({ url, ...rest }) => {
      let hop: Hop | null = hopTo(url, rest);
      for (let count = 0; hop !== null; count += 1) {
        const answer: Answer | Download = await ask(hop);
        if ("type" in answer) return answer;
        const next = redirectOf(answer);
        if (next === null) return opened(answer, silenceMsMax);
        answer.stream.destroy();
        if (count === redirectsMax) return { type: "refused", detail: "too_many_redirects" };
        hop = hopTo(next, hop, hop.url);
      }
      return { type: "refused", detail: "bad_address" };
    },
  };
}

/** Null for what is no address on the web, or one that carries credentials. Trust and headers stay with the host they were given for. */
function hopTo(address: string, from: Omit<Hop, "url">, base?: URL): Hop | null {
  const url = URL.parse(address, base?.href);
  if (url === null || !/^https?:$/.test(url.protocol)) return null;
  if (url.username !== "" || url.password !== "") return null;
  if (base === undefined || base.origin === url.origin) return { ...from, url };
  return { signal: from.signal, url, headers: {}, trusted: false };
}

type Answer = Pick<OpenDownload, "status" | "headers"> & { readonly stream: IncomingMessage };

type Asked = Pick<Hop, "url" | "headers" | "signal"> & {
  readonly agents: Agents;
  readonly headMsMax: number;
};

async function request({ url, headers, signal, agents, headMsMax }: Asked) {
  try {
    const {
      status,
      headers: answered,
      data,
    } = await axios.request<IncomingMessage>({
      adapter: "http",
      url: url.href,
      headers: { ...headers, "Accept-Encoding": "identity" },
      httpAgent: agents.http,
      httpsAgent: agents.https,
      proxy: false,
      maxRedirects: 0,
      // A small answer that unpacks into a large one would pass every other limit.
      decompress: false,
      responseType: "stream",
      timeout: headMsMax,
      signal,
      validateStatus: () => true,
    });
    return { status, headers: lowerCased(answered), stream: data };
  } catch (error) {
    return isForbiddenAddress(error)
      ? ({ type: "refused", detail: "address_forbidden" } as const)
      : ({ type: "failed", detail: downloadFailure(error) } as const);
  }
}

function lowerCased(headers: object): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
}

function redirectOf({ status, headers }: Answer): string | null {
  return redirectStatuses.has(status) ? (headers["location"] ?? null) : null;
}

function opened({ stream, ...head }: Answer, silenceMsMax: number): OpenDownload {
  return {
    type: "open",
    ...head,
    body: bodyOf(stream, silenceMsMax),
    close: () => void stream.destroy(),
  };
}

async function* bodyOf(stream: IncomingMessage, silenceMsMax: number): AsyncGenerator<Uint8Array> {
  const chunks: AsyncIterator<Uint8Array> = stream[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await within(chunks.next(), silenceMsMax, "a part of the file");
      if (next.done === true) break;
      yield next.value;
    }
  } catch (error) {
    throw new DownloadBroken(downloadFailure(error));
  } finally {
    stream.destroy();
  }
  if (!stream.complete) throw new DownloadBroken("cut_short");
}
